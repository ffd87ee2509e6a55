#include "formats/torch_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "lafs/error.h"

namespace lafs::formats {

namespace {

using Kind = PickleValue::Kind;

struct TypeName {
  std::string_view dtype, storage, type;
  size_t size;
};
constexpr std::array types{
    TypeName{"F32", "torch.FloatStorage", "torch.float32", 4}, TypeName{"F64", "torch.DoubleStorage", "torch.float64", 8},
    TypeName{"F16", "torch.HalfStorage", "torch.float16", 2},  TypeName{"BF16", "torch.BFloat16Storage", "torch.bfloat16", 2},
    TypeName{"I64", "torch.LongStorage", "torch.int64", 8},    TypeName{"I32", "torch.IntStorage", "torch.int32", 4},
    TypeName{"I16", "torch.ShortStorage", "torch.int16", 2},   TypeName{"I8", "torch.CharStorage", "torch.int8", 1},
    TypeName{"U8", "torch.ByteStorage", "torch.uint8", 1},     TypeName{"BOOL", "torch.BoolStorage", "torch.bool", 1}};

constexpr uint64_t largest_expanded = uint64_t{1} << 26;
constexpr std::string_view untyped = "torch.storage.UntypedStorage";
constexpr std::string_view legacy_magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::string_view advice = "; saving it anew in Python makes it readable: torch.save(dict(model.state_dict()), \"weights.pth\")";

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool is_legacy(std::span<const std::byte> bytes) {
  return bytes.size() > 15 && bytes[0] == std::byte{0x80} && text_of(bytes).substr(2).starts_with(legacy_magic);
}

bool is_tar(std::span<const std::byte> bytes) { return bytes.size() > 262 && text_of(bytes).substr(257, 5) == "ustar"; }

const TypeName* type_by(std::string_view TypeName::* field, std::string_view name) {
  const auto found = std::find_if(types.begin(), types.end(), [&](const TypeName& type) { return type.*field == name; });
  return found == types.end() ? nullptr : &*found;
}

/// Whether a storage or a tensor's piece stands among the arguments: then the object was meant to be a tensor.
bool holds_storage(const PickleValue& value, int depth) {
  if (value.is(Kind::persistent)) return true;
  if (depth == 0 || !value.is(Kind::tuple)) return false;
  return std::any_of(value.items.begin(), value.items.end(), [&](const PickleValue* item) { return holds_storage(*item, depth - 1); });
}

std::string key_text(const PickleValue& key) {
  if (key.is_text()) return std::string(key.text);
  return key.is(Kind::integer) ? fmt::format("{}", key.integer) : std::string("?");
}

}  // namespace

size_t torch_item_size(std::string_view dtype) {
  const TypeName* type = type_by(&TypeName::dtype, dtype);
  return type ? type->size : 0;
}

bool looks_like_torch(std::span<const std::byte> bytes) { return looks_like_zip(bytes) || is_legacy(bytes) || is_tar(bytes); }

int64_t TorchTensor::elements() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

TorchCheckpoint::TorchCheckpoint(const std::filesystem::path& file) : name_(file.string()), file_(file) { read(file_->bytes()); }

TorchCheckpoint::TorchCheckpoint(std::span<const std::byte> bytes, std::string name) : name_(std::move(name)) { read(bytes); }

void TorchCheckpoint::read(std::span<const std::byte> bytes) {
  looks_like_zip(bytes) ? read_zip(bytes) : read_legacy(bytes);
  collect(root(), "", Pickle::deepest);
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors_) {
    if (!names.insert(name).second) fail(fmt::format("the name \"{}\" occurs twice", name));
  }
}

void TorchCheckpoint::fail(const std::string& reason) const { throw Error(fmt::format("cannot read \"{}\": {}", name_, reason)); }

void TorchCheckpoint::read_zip(std::span<const std::byte> bytes) {
  zip_.emplace(bytes, name_);
  const ZipEntry* object = nullptr;
  for (const ZipEntry& entry : zip_->entries()) {
    if (!entry.name.ends_with("/data.pkl")) continue;
    if (object) fail("the zip archive has two entries \"data.pkl\"");
    object = &entry;
  }
  if (!object) fail(fmt::format("the zip archive has no \"data.pkl\", so torch.save did not write it{}", advice));
  folder_ = object->name.substr(0, object->name.size() - std::string_view("data.pkl").size());
  if (zip_->find(folder_ + "constants.pkl")) fail(fmt::format("it is a TorchScript archive{}", advice));
  if (const ZipEntry* order = zip_->find(folder_ + "byteorder"); order && !text_of(order->data).starts_with("little"))
    fail(fmt::format("its numbers are big-endian{}", advice));
  zip_->check(*object);
  pickle_ = std::make_unique<Pickle>(object->data, name_);
  pickle_->expect_end();
}

void TorchCheckpoint::read_legacy(std::span<const std::byte> bytes) {
  if (is_tar(bytes)) fail(fmt::format("tar files of PyTorch before 0.1.10 are not supported{}", advice));
  if (!is_legacy(bytes)) fail(fmt::format("torch.save did not write it{}", advice));
  size_t at = 0;
  const auto next = [&] {
    auto pickle = std::make_unique<Pickle>(bytes.subspan(at), name_);
    at += pickle->size();
    return pickle;
  };
  next();
  const auto version = next();
  if (!version->root().is(Kind::integer) || version->root().integer != 1001) fail(fmt::format("its format is not version 1001{}", advice));
  const auto system = next();
  const PickleValue* little = system->root().find("little_endian");
  if (!little || little->integer == 0) fail(fmt::format("its numbers are big-endian{}", advice));
  pickle_ = next();
  const auto keys = next();
  if (!keys->root().is(Kind::list)) fail("the list of storages is missing");
  // A storage says its size in elements: their type stands where the object refers to it.
  std::map<std::string, size_t, std::less<>> sizes;
  for (const PickleValue& value : pickle_->values()) {
    if (!value.is(Kind::persistent) || !value.items[0]->is(Kind::tuple) || value.items[0]->items.size() < 3) continue;
    const PickleValue::Items& id = value.items[0]->items;
    const TypeName* type = id[1]->is(Kind::global) ? type_by(&TypeName::storage, id[1]->text) : nullptr;
    if (type && id[2]->is_text()) sizes[std::string(id[2]->text)] = type->size;
  }
  for (const PickleValue* key : keys->root().items) {
    const auto known = key->is_text() ? sizes.find(key->text) : sizes.end();
    if (known == sizes.end()) fail("a storage is listed that nothing refers to");
    if (bytes.size() - at < 8) fail(fmt::format("storage \"{}\" lies outside the file", key->text));
    uint64_t count = 0, size = 0;
    std::memcpy(&count, bytes.data() + at, 8);
    at += 8;
    if (__builtin_mul_overflow(count, known->second, &size) || size > bytes.size() - at)
      fail(fmt::format("storage \"{}\" lies outside the file", key->text));
    if (!legacy_.emplace(known->first, bytes.subspan(at, size)).second) fail(fmt::format("storage \"{}\" occurs twice", key->text));
    at += size;
  }
}

TorchTensor TorchCheckpoint::storage(const PickleValue& reference) const {
  const PickleValue* id = reference.is(Kind::persistent) ? reference.items[0] : nullptr;
  if (!id || !id->is(Kind::tuple) || id->items.size() < 5 || !id->items[0]->is_text() || id->items[0]->text != "storage" ||
      !id->items[1]->is(Kind::global) || !id->items[2]->is_text() || !id->items[4]->is(Kind::integer))
    fail("a tensor refers to no storage");
  TorchTensor made;
  made.storage = id->items[2]->text;
  const std::string_view name = id->items[1]->text;
  const TypeName* type = type_by(&TypeName::storage, name);
  if (!type && name != untyped) fail(fmt::format("storage \"{}\" is a \"{}\", which is not supported{}", made.storage, name, advice));
  if (type) made.dtype = type->dtype;
  if (zip_) {
    const ZipEntry* entry = zip_->find(folder_ + "data/" + made.storage);
    if (!entry) fail(fmt::format("storage \"{}\" is missing", made.storage));
    made.data = entry->data;
  } else {
    const auto found = legacy_.find(made.storage);
    if (found == legacy_.end()) fail(fmt::format("storage \"{}\" is missing", made.storage));
    made.data = found->second;
  }
  const uint64_t size = type ? type->size : 1;
  uint64_t count = static_cast<uint64_t>(id->items[4]->integer), start = 0;
  const PickleValue* view = id->items.size() > 5 ? id->items[5] : nullptr;
  if (view && view->is(Kind::tuple) && view->items.size() == 3) {
    start = static_cast<uint64_t>(view->items[1]->integer);
    count = static_cast<uint64_t>(view->items[2]->integer);
  }
  const uint64_t there = made.data.size() / size;
  if (start > there || count > there - start)
    fail(fmt::format("storage \"{}\" has {} bytes, too few for {} elements of {}", made.storage, made.data.size(), count, size));
  made.data = made.data.subspan(start * size, count * size);
  return made;
}

void TorchCheckpoint::check(const TorchTensor& tensor) const {
  const size_t size = torch_item_size(tensor.dtype);
  if (tensor.shape.size() > 64 || tensor.shape.size() != tensor.strides.size()) fail("a tensor has sizes and strides that do not fit");
  const auto outside = [&] { fail(fmt::format("a tensor lies outside its storage \"{}\"", tensor.storage)); };
  uint64_t last = static_cast<uint64_t>(tensor.offset), elements = size;
  bool empty = false;
  if (tensor.offset < 0) outside();
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] < 0 || tensor.strides[i] < 0) fail("a tensor has a negative size or stride");
    empty = empty || tensor.shape[i] == 0;
    uint64_t reach = 0;
    if (__builtin_mul_overflow(static_cast<uint64_t>(std::max<int64_t>(tensor.shape[i] - 1, 0)), static_cast<uint64_t>(tensor.strides[i]),
                               &reach) ||
        __builtin_add_overflow(last, reach, &last))
      outside();
    if (tensor.shape[i] > 0 && __builtin_mul_overflow(elements, static_cast<uint64_t>(tensor.shape[i]), &elements)) outside();
  }
  if (elements > static_cast<uint64_t>(INT64_MAX)) outside();
  if (empty) return;
  if (last >= tensor.data.size() / size) outside();
  // An expanded tensor repeats its storage; a few bytes of a file must not ask for all memory.
  if (elements > largest_expanded && elements > tensor.data.size())
    fail(fmt::format("a tensor repeats its storage \"{}\" to {} bytes", tensor.storage, elements));
}

std::optional<TorchTensor> TorchCheckpoint::built(std::string_view function, const PickleValue& arguments, int depth) const {
  const auto& items = arguments.items;
  const auto has = [&](size_t count) {
    if (items.size() < count) fail(fmt::format("\"{}\" is given {} arguments", function, items.size()));
  };
  if (depth == 0) fail(fmt::format("values are nested deeper than {}", Pickle::deepest));
  if (function == "torch._utils._rebuild_parameter" || function == "torch._utils._rebuild_parameter_with_state") {
    has(1);
    if (!items[0]->is(Kind::object)) return std::nullopt;
    return built(items[0]->constructor(), *items[0]->items[1], depth - 1);
  }
  if (function == "torch._tensor._rebuild_from_type_v2") {
    has(4);
    if (!items[0]->is(Kind::global) || !items[2]->is(Kind::tuple)) return std::nullopt;
    return built(items[0]->text, *items[2], depth - 1);
  }
  const bool v3 = function == "torch._utils._rebuild_tensor_v3";
  if (!v3 && function != "torch._utils._rebuild_tensor_v2" && function != "torch._utils._rebuild_tensor") return std::nullopt;
  has(v3 ? 7 : 4);
  TorchTensor made = storage(*items[0]);
  if (v3) {
    const TypeName* type = items[6]->is(Kind::global) ? type_by(&TypeName::type, items[6]->text) : nullptr;
    if (!type) fail(fmt::format("a tensor has the type \"{}\", which is not supported{}", items[6]->text, advice));
    made.dtype = type->dtype;
  }
  if (made.dtype.empty()) fail("a tensor has no type");
  if (!items[1]->is(Kind::integer)) fail("a tensor has no offset");
  made.offset = items[1]->integer;
  for (const auto& [from, to] : {std::pair(items[2], &made.shape), std::pair(items[3], &made.strides)}) {
    const PickleValue* sizes = from->constructor() == "torch.Size" && !from->items[1]->items.empty() ? from->items[1]->items[0] : from;
    if (!sizes->is_sequence()) fail("a tensor has no sizes");
    for (const PickleValue* size : sizes->items) {
      if (!size->is(Kind::integer)) fail("a tensor has a size that is none");
      to->push_back(size->integer);
    }
  }
  check(made);
  return made;
}

std::optional<TorchTensor> TorchCheckpoint::tensor_of(const PickleValue& value) const {
  if (!value.is(Kind::object) || !value.items[0]->is(Kind::global)) return std::nullopt;
  return built(value.items[0]->text, *value.items[1], 8);
}

void TorchCheckpoint::collect(const PickleValue& value, const std::string& path, int depth) {
  if (depth == 0) fail(fmt::format("values are nested deeper than {}", Pickle::deepest));
  // A list may stand in the file once and be met a thousand times.
  if (++visited_ > Pickle::most) fail(fmt::format("more than {} values", Pickle::most));
  const auto inside = [&](const std::string& key) { return path.empty() ? key : fmt::format("{}.{}", path, key); };
  if (auto tensor = tensor_of(value)) {
    tensors_.emplace_back(path, std::move(*tensor));
  } else if (value.is(Kind::object)) {
    const std::string name = value.items[0]->is(Kind::global) ? std::string(value.items[0]->text) : "?";
    if (holds_storage(*value.items[1], 3))
      fail(fmt::format("tensor \"{}\" is made by \"{}\", which is not supported{}", path, name, advice));
    opaque_.emplace_back(path, name);
  } else if (value.is(Kind::dict)) {
    std::set<std::string> keys;
    for (size_t i = 0; i < value.items.size(); i += 2) {
      const std::string key = key_text(*value.items[i]);
      if (key != "?" && !keys.insert(key).second) fail(fmt::format("the name \"{}\" occurs twice", inside(key)));
      collect(*value.items[i + 1], inside(key), depth - 1);
    }
  } else if (value.is_sequence()) {
    for (size_t i = 0; i < value.items.size(); ++i) collect(*value.items[i], inside(fmt::format("{}", i)), depth - 1);
  }
}

void TorchCheckpoint::verify() const {
  if (!zip_) return;
  std::set<std::string> used;
  for (const auto& [name, tensor] : tensors_) {
    if (used.insert(tensor.storage).second) zip_->check(*zip_->find(folder_ + "data/" + tensor.storage));
  }
}

std::vector<std::byte> TorchCheckpoint::bytes(const TorchTensor& tensor) const {
  const size_t size = torch_item_size(tensor.dtype), rank = tensor.shape.size();
  std::vector<std::byte> out(static_cast<size_t>(tensor.elements()) * size);
  if (out.empty()) return out;
  // The longest row-major tail is copied at once.
  size_t tail = rank;
  int64_t run = 1;
  while (tail > 0 && (tensor.strides[tail - 1] == run || tensor.shape[tail - 1] == 1)) run *= tensor.shape[--tail];
  std::vector<int64_t> index(tail, 0);
  const size_t chunk = static_cast<size_t>(run) * size;
  for (size_t to = 0; to < out.size(); to += chunk) {
    int64_t from = tensor.offset;
    for (size_t i = 0; i < tail; ++i) from += index[i] * tensor.strides[i];
    std::memcpy(out.data() + to, tensor.data.data() + static_cast<size_t>(from) * size, chunk);
    for (size_t i = tail; i-- > 0;) {
      if (++index[i] < tensor.shape[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

}  // namespace lafs::formats
