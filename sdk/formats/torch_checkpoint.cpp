#include "formats/torch_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "formats/little_endian.h"
#include "formats/torch_types.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view legacy_magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool is_legacy(std::span<const std::byte> bytes) {
  return bytes.size() > 15 && bytes[0] == std::byte{0x80} && text_of(bytes).substr(2).starts_with(legacy_magic);
}

bool is_tar(std::span<const std::byte> bytes) { return bytes.size() > 262 && text_of(bytes).substr(257, 5) == "ustar"; }

/// Whether the arguments include a storage: then the object was meant to be a tensor.
bool holds_storage(const PickleValue& value, int depth) {
  if (value.is(Kind::persistent)) return true;
  if (depth == 0 || !value.is(Kind::tuple)) return false;
  return std::any_of(value.items.begin(), value.items.end(), [&](const PickleValue* item) { return holds_storage(*item, depth - 1); });
}

/// Bytes of an element of a storage of this class; 0 for an unknown class.
size_t storage_item_size(std::string_view name) {
  if (const TorchType* type = torch_type(&TorchType::storage, name)) return type->size;
  for (const OtherStorage& other : other_storages) {
    if (other.storage == name) return other.size;
  }
  return name == "torch.storage.UntypedStorage" ? 1 : 0;
}

/// Bytes of an element of each storage. A legacy file has the length of a storage in elements, whose type only the object's references
/// name.
std::map<std::string, size_t, std::less<>> item_sizes(const Pickle& pickle) {
  std::map<std::string, size_t, std::less<>> sizes;
  for (const PickleValue& value : pickle.values()) {
    if (!value.is(Kind::persistent) || !value.items[0]->is(Kind::tuple) || value.items[0]->items.size() < 3) continue;
    const PickleValue::Items& id = value.items[0]->items;
    if (id[1]->is(Kind::global) && id[2]->is_text())
      if (const size_t size = storage_item_size(id[1]->text)) sizes[std::string(id[2]->text)] = size;
  }
  return sizes;
}

std::string key_text(const PickleValue& key) {
  if (key.is_text()) return std::string(key.text);
  return key.is(Kind::integer) ? fmt::format("{}", key.integer) : std::string("?");
}

}  // namespace

bool looks_like_torch(std::span<const std::byte> bytes) { return looks_like_zip(bytes) || is_legacy(bytes) || is_tar(bytes); }

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
  if (!object) fail(fmt::format("the zip archive has no \"data.pkl\", so it was not written by torch.save{}", readable_again));
  folder_ = object->name.substr(0, object->name.size() - std::string_view("data.pkl").size());
  if (zip_->find(folder_ + "constants.pkl")) fail(fmt::format("it is a TorchScript archive{}", readable_again));
  if (const ZipEntry* order = zip_->find(folder_ + "byteorder"); order && !text_of(order->data).starts_with("little"))
    fail(fmt::format("its numbers are big-endian{}", readable_again));
  zip_->check(*object);
  pickle_ = std::make_unique<Pickle>(object->data, name_);
  pickle_->expect_end();
}

void TorchCheckpoint::read_legacy(std::span<const std::byte> bytes) {
  if (is_tar(bytes)) fail(fmt::format("tar files of PyTorch before 0.1.10 are not supported{}", readable_again));
  if (!is_legacy(bytes)) fail(fmt::format("it was not written by torch.save{}", readable_again));
  size_t at = 0;
  const auto next = [&] {
    auto pickle = std::make_unique<Pickle>(bytes.subspan(at), name_);
    at += pickle->size();
    return pickle;
  };
  next();  // the magic number
  const auto version = next();
  if (!version->root().is(Kind::integer) || version->root().integer != 1001)
    fail(fmt::format("its format is not version 1001{}", readable_again));
  const auto system = next();
  const PickleValue* little = system->root().find("little_endian");
  if (!little || little->integer == 0) fail(fmt::format("its numbers are big-endian{}", readable_again));
  pickle_ = next();
  const auto keys = next();
  if (!keys->root().is(Kind::list)) fail("the list of storages is missing");
  read_storages(bytes.subspan(at), keys->root());
}

void TorchCheckpoint::read_storages(std::span<const std::byte> rest, const PickleValue& keys) {
  const std::map<std::string, size_t, std::less<>> sizes = item_sizes(*pickle_);
  for (const PickleValue* key : keys.items) {
    const auto known = key->is_text() ? sizes.find(key->text) : sizes.end();
    if (known == sizes.end()) fail("a storage is listed that nothing refers to");
    const auto outside = [&] { fail(fmt::format("storage \"{}\" is outside the file", key->text)); };
    if (rest.size() < 8) outside();
    uint64_t size = 0;
    const bool overflow = __builtin_mul_overflow(from_little_endian(rest.data(), 8), known->second, &size);
    rest = rest.subspan(8);
    if (overflow || size > rest.size()) outside();
    if (!legacy_.emplace(known->first, rest.first(size)).second) fail(fmt::format("storage \"{}\" occurs twice", key->text));
    rest = rest.subspan(size);
  }
}

void TorchCheckpoint::collect(const PickleValue& value, const std::string& path, int depth) {
  if (depth == 0) fail(fmt::format("values are nested deeper than {}", Pickle::deepest));
  // The file may hold a list once and refer to it a thousand times.
  if (++visited_ > Pickle::most) fail(fmt::format("more than {} values", Pickle::most));
  const auto inside = [&](const std::string& key) { return path.empty() ? key : fmt::format("{}.{}", path, key); };
  if (value.is(Kind::object)) {
    collect_object(value, path);
  } else if (value.is(Kind::array)) {
    unusable_.emplace_back(path, fmt::format("it is a NumPy array of type \"{}\", not a tensor", value.array->type));
  } else if (std::find(inside_of_.begin(), inside_of_.end(), &value) != inside_of_.end()) {
    return;  // a dict or list that holds itself, as configurations do, has no more tensors than were seen
  } else if (value.is(Kind::dict)) {
    inside_of_.push_back(&value);
    std::set<std::string> keys;
    for (size_t i = 0; i < value.items.size(); i += 2) {
      const std::string key = key_text(*value.items[i]);
      if (key != "?" && !keys.insert(key).second) fail(fmt::format("the name \"{}\" occurs twice", inside(key)));
      collect(*value.items[i + 1], inside(key), depth - 1);
    }
    inside_of_.pop_back();
  } else if (value.is_sequence()) {
    inside_of_.push_back(&value);
    for (size_t i = 0; i < value.items.size(); ++i) collect(*value.items[i], inside(fmt::format("{}", i)), depth - 1);
    inside_of_.pop_back();
  }
}

void TorchCheckpoint::collect_object(const PickleValue& value, const std::string& path) {
  try {
    if (auto tensor = read_tensor(value)) {
      tensors_.emplace_back(path, std::move(*tensor));
      return;
    }
  } catch (const NotUsable& reason) {
    unusable_.emplace_back(path, reason.text);
    return;
  }
  const std::string name = value.items[0]->is(Kind::global) ? std::string(value.items[0]->text) : "?";
  if (name.starts_with("torch._utils._rebuild_") || holds_storage(*value.items[1], 3)) {
    unusable_.emplace_back(path, fmt::format("it is made by \"{}\", which is not supported", name));
  } else {
    opaque_.emplace_back(path, name);
  }
}

void TorchCheckpoint::verify() const {
  if (!zip_) return;
  std::set<std::string> used;
  for (const auto& [name, tensor] : tensors_) {
    if (used.insert(tensor.storage).second) zip_->check(*zip_->find(folder_ + "data/" + tensor.storage));
  }
}

}  // namespace lafs::formats
