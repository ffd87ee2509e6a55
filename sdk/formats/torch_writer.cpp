#include "formats/torch_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "formats/atomic_file.h"
#include "formats/torch_checkpoint.h"
#include "formats/zip_archive.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

constexpr uint64_t small = 0xffffffff, alignment = 64;

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i, value >>= 8) out += static_cast<char>(value);
}

/// A pickle of protocol 2, opcode by opcode.
class PickleWriter {
 public:
  PickleWriter() { out_ = "\x80\x02"; }
  void op(char opcode) { out_ += opcode; }
  void text(const std::string& value) {
    out_ += 'X';
    put(out_, value.size(), 4);
    out_ += value;
  }
  void integer(int64_t value) {
    if (value >= 0 && value <= INT32_MAX) {
      out_ += 'J';
      put(out_, static_cast<uint64_t>(value), 4);
    } else {
      out_ += "\x8a\x08";
      put(out_, static_cast<uint64_t>(value), 8);
    }
  }
  void integers(const std::vector<int64_t>& values) {
    out_ += '(';
    for (const int64_t value : values) integer(value);
    out_ += 't';
  }
  void global(std::string_view module, std::string_view name) { out_ += fmt::format("c{}\n{}\n", module, name); }
  void empty_ordered_dict() {
    global("collections", "OrderedDict");
    out_ += ")R";
  }
  std::string finish() {
    out_ += '.';
    return std::move(out_);
  }

 private:
  std::string out_;
};

std::string_view storage_class(const std::string& dtype) {
  for (const auto& [name, storage] : std::initializer_list<std::pair<std::string_view, std::string_view>>{{"F32", "FloatStorage"},
                                                                                                          {"F64", "DoubleStorage"},
                                                                                                          {"F16", "HalfStorage"},
                                                                                                          {"BF16", "BFloat16Storage"},
                                                                                                          {"I64", "LongStorage"},
                                                                                                          {"I32", "IntStorage"},
                                                                                                          {"I16", "ShortStorage"},
                                                                                                          {"I8", "CharStorage"},
                                                                                                          {"U8", "ByteStorage"},
                                                                                                          {"BOOL", "BoolStorage"}}) {
    if (name == dtype) return storage;
  }
  return {};
}

void put_tensor(PickleWriter& out, const TensorBytes& tensor, int64_t key) {
  out.global("torch._utils", "_rebuild_tensor_v2");
  out.op('(');
  out.op('(');
  out.text("storage");
  out.global("torch", storage_class(tensor.dtype));
  out.text(fmt::format("{}", key));
  out.text("cpu");
  out.integer(static_cast<int64_t>(tensor.data.size() / torch_item_size(tensor.dtype)));
  out.op('t');
  out.op('Q');
  out.integer(0);
  out.integers(tensor.shape);
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<int64_t>(tensor.shape[i], 1);
  out.integers(strides);
  out.op('\x89');
  out.empty_ordered_dict();
  out.op('t');
  out.op('R');
}

std::string object_of(const std::vector<TorchDict>& dicts, bool flat) {
  PickleWriter out;
  int64_t key = 0;
  if (!flat) {
    out.op('}');
    out.op('(');
  }
  for (const TorchDict& dict : dicts) {
    if (!flat) out.text(dict.key);
    out.empty_ordered_dict();
    out.op('(');
    for (const TensorBytes& tensor : dict.tensors) {
      out.text(tensor.name);
      put_tensor(out, tensor, key++);
    }
    out.op('u');
  }
  if (!flat) out.op('u');
  return out.finish();
}

/// Streams stored entries, and the directory at the end.
class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& file) : file_(file) {}

  void add(const std::string& name, std::span<const std::byte> data) {
    const uint64_t size = data.size();
    const uint32_t crc = crc32(data);
    const bool large = size >= small;
    std::string head, sizes;
    if (large) {
      put(sizes, 1, 2);
      put(sizes, 16, 2);
      put(sizes, size, 8);
      put(sizes, size, 8);
    }
    // Payloads start at multiples of 64, as PyTorch maps them.
    const uint64_t bare = at_ + 30 + name.size() + sizes.size() + 4;
    const uint64_t filler = (alignment - bare % alignment) % alignment;
    put(head, 0x04034b50, 4);
    common(head, crc, large ? small : size, name);
    put(head, sizes.size() + 4 + filler, 2);
    head += name + sizes;
    put(head, 0x4246, 2);
    put(head, filler, 2);
    head.append(filler, 'Z');
    directory_ += entry(name, crc, size);
    write(head);
    file_.write(data);
    at_ += size;
    ++count_;
  }
  void add(const std::string& name, std::string_view data) { add(name, std::as_bytes(std::span(data))); }

  void finish() {
    const uint64_t start = at_;
    write(directory_);
    std::string end;
    if (count_ >= 0xffff || start >= small || directory_.size() >= small) {
      put(end, 0x06064b50, 4);
      put(end, 44, 8);
      put(end, 45 | 45 << 16, 4);
      put(end, 0, 8);
      for (const uint64_t value : {count_, count_, uint64_t{directory_.size()}, start}) put(end, value, 8);
      put(end, 0x07064b50, 4);
      put(end, 0, 4);
      put(end, at_, 8);
      put(end, 1, 4);
    }
    put(end, 0x06054b50, 4);
    put(end, 0, 4);
    for (int i = 0; i < 2; ++i) put(end, std::min<uint64_t>(count_, 0xffff), 2);
    put(end, std::min<uint64_t>(directory_.size(), small), 4);
    put(end, std::min(start, small), 4);
    put(end, 0, 2);
    write(end);
    file_.commit();
  }

 private:
  static void common(std::string& out, uint32_t crc, uint64_t size, const std::string& name) {
    put(out, 45, 2);
    put(out, 0x0800, 2);  // names are UTF-8
    put(out, 0, 2);
    put(out, 0x00210000, 4);  // 1980-01-01: equal weights make equal files
    put(out, crc, 4);
    put(out, size, 4);
    put(out, size, 4);
    put(out, name.size(), 2);
  }
  std::string entry(const std::string& name, uint32_t crc, uint64_t size) const {
    const bool large = size >= small || at_ >= small;
    std::string out, extra;
    if (large) {
      put(extra, 1, 2);
      put(extra, 24, 2);
      for (const uint64_t value : {size, size, at_}) put(extra, value, 8);
    }
    put(out, 0x02014b50, 4);
    put(out, 45, 2);
    common(out, crc, large ? small : size, name);
    put(out, extra.size(), 2);
    put(out, 0, 10);
    put(out, large ? small : at_, 4);
    return out + name + extra;
  }
  void write(const std::string& bytes) {
    file_.write(bytes);
    at_ += bytes.size();
  }

  AtomicFile file_;
  std::string directory_;
  uint64_t at_ = 0, count_ = 0;
};

void check(const std::filesystem::path& file, const std::vector<TorchDict>& dicts) {
  const auto fail = [&](const std::string& reason) { throw Error(fmt::format("cannot write \"{}\": {}", file.string(), reason)); };
  std::set<std::string_view> keys;
  for (const TorchDict& dict : dicts) {
    if (!keys.insert(dict.key).second || (dict.key.empty() && dicts.size() > 1))
      fail(fmt::format("the name \"{}\" occurs twice", dict.key));
    std::set<std::string_view> names;
    for (const TensorBytes& tensor : dict.tensors) {
      if (!names.insert(tensor.name).second) fail(fmt::format("the name \"{}\" occurs twice", tensor.name));
      uint64_t size = torch_item_size(tensor.dtype);
      if (size == 0) fail(fmt::format("tensor \"{}\" has the type \"{}\", which .pth files lack", tensor.name, tensor.dtype));
      for (const int64_t length : tensor.shape) size *= static_cast<uint64_t>(length);
      if (size != tensor.data.size()) fail(fmt::format("tensor \"{}\" needs {} bytes and has {}", tensor.name, size, tensor.data.size()));
    }
  }
}

}  // namespace

void write_torch(const std::filesystem::path& file, const std::vector<TorchDict>& dicts) {
  check(file, dicts);
  ZipWriter zip(file);
  const std::string folder = "archive/";
  zip.add(folder + "data.pkl", object_of(dicts, dicts.size() == 1 && dicts[0].key.empty()));
  zip.add(folder + "byteorder", std::string_view("little"));
  int64_t key = 0;
  for (const TorchDict& dict : dicts) {
    for (const TensorBytes& tensor : dict.tensors) zip.add(fmt::format("{}data/{}", folder, key++), tensor.data);
  }
  zip.add(folder + "version", std::string_view("3\n"));
  zip.finish();
}

}  // namespace lafs::formats
