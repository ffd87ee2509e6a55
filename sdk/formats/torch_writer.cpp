#include "formats/torch_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "formats/atomic_file.h"
#include "formats/little_endian.h"
#include "formats/pickle_opcodes.h"
#include "formats/torch_checkpoint.h"
#include "formats/torch_types.h"
#include "formats/zip_archive.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

constexpr uint64_t small = 0xffffffff, alignment = 64;

/// A pickle of protocol 2, opcode by opcode.
class PickleWriter {
 public:
  PickleWriter() {
    op(Opcode::PROTO);
    out_ += '\x02';
  }
  void op(Opcode opcode) { out_ += static_cast<char>(opcode); }
  void text(const std::string& value) {
    op(Opcode::BINUNICODE);
    append_little_endian(out_, value.size(), 4);
    out_ += value;
  }
  void integer(int64_t value) {
    if (value >= 0 && value <= INT32_MAX) {
      op(Opcode::BININT);
      append_little_endian(out_, static_cast<uint64_t>(value), 4);
    } else {
      op(Opcode::LONG1);
      out_ += '\x08';
      append_little_endian(out_, static_cast<uint64_t>(value), 8);
    }
  }
  void integers(const std::vector<int64_t>& values) {
    op(Opcode::MARK);
    for (const int64_t value : values) integer(value);
    op(Opcode::TUPLE);
  }
  void global(std::string_view name) {
    const size_t dot = name.rfind('.');
    op(Opcode::GLOBAL);
    out_ += fmt::format("{}\n{}\n", name.substr(0, dot), name.substr(dot + 1));
  }
  void empty_ordered_dict() {
    global("collections.OrderedDict");
    op(Opcode::EMPTY_TUPLE);
    op(Opcode::REDUCE);
  }
  std::string finish() {
    op(Opcode::STOP);
    return std::move(out_);
  }

 private:
  std::string out_;
};

void put_tensor(PickleWriter& out, const TensorBytes& tensor, int64_t key) {
  const TorchType& type = *torch_type(&TorchType::dtype, tensor.dtype);
  out.global("torch._utils._rebuild_tensor_v2");
  out.op(Opcode::MARK);
  out.op(Opcode::MARK);
  out.text("storage");
  out.global(type.storage);
  out.text(fmt::format("{}", key));
  out.text("cpu");
  out.integer(static_cast<int64_t>(tensor.data.size() / type.size));
  out.op(Opcode::TUPLE);
  out.op(Opcode::BINPERSID);
  out.integer(0);
  out.integers(tensor.shape);
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<int64_t>(tensor.shape[i], 1);
  out.integers(strides);
  out.op(Opcode::NEWFALSE);
  out.empty_ordered_dict();
  out.op(Opcode::TUPLE);
  out.op(Opcode::REDUCE);
}

std::string object_of(const std::vector<TorchDict>& dicts, bool flat) {
  PickleWriter out;
  int64_t key = 0;
  if (!flat) {
    out.op(Opcode::EMPTY_DICT);
    out.op(Opcode::MARK);
  }
  for (const TorchDict& dict : dicts) {
    if (!flat) out.text(dict.key);
    out.empty_ordered_dict();
    out.op(Opcode::MARK);
    for (const TensorBytes& tensor : dict.tensors) {
      out.text(tensor.name);
      put_tensor(out, tensor, key++);
    }
    out.op(Opcode::SETITEMS);
  }
  if (!flat) out.op(Opcode::SETITEMS);
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
      append_little_endian(sizes, 1, 2);
      append_little_endian(sizes, 16, 2);
      append_little_endian(sizes, size, 8);
      append_little_endian(sizes, size, 8);
    }
    // Payloads start at multiples of 64, as PyTorch maps them.
    const uint64_t bare = at_ + 30 + name.size() + sizes.size() + 4;
    const uint64_t filler = (alignment - bare % alignment) % alignment;
    append_little_endian(head, 0x04034b50, 4);
    common(head, crc, large ? small : size, name);
    append_little_endian(head, sizes.size() + 4 + filler, 2);
    head += name + sizes;
    append_little_endian(head, 0x4246, 2);
    append_little_endian(head, filler, 2);
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
      append_little_endian(end, 0x06064b50, 4);
      append_little_endian(end, 44, 8);
      append_little_endian(end, 45 | 45 << 16, 4);
      append_little_endian(end, 0, 8);
      for (const uint64_t value : {count_, count_, uint64_t{directory_.size()}, start}) append_little_endian(end, value, 8);
      append_little_endian(end, 0x07064b50, 4);
      append_little_endian(end, 0, 4);
      append_little_endian(end, at_, 8);
      append_little_endian(end, 1, 4);
    }
    append_little_endian(end, 0x06054b50, 4);
    append_little_endian(end, 0, 4);
    for (int i = 0; i < 2; ++i) append_little_endian(end, std::min<uint64_t>(count_, 0xffff), 2);
    append_little_endian(end, std::min<uint64_t>(directory_.size(), small), 4);
    append_little_endian(end, std::min(start, small), 4);
    append_little_endian(end, 0, 2);
    write(end);
    file_.commit();
  }

 private:
  static void common(std::string& out, uint32_t crc, uint64_t size, const std::string& name) {
    append_little_endian(out, 45, 2);
    append_little_endian(out, 0x0800, 2);  // names are UTF-8
    append_little_endian(out, 0, 2);
    append_little_endian(out, 0x00210000, 4);  // 1980-01-01: equal weights make equal files
    append_little_endian(out, crc, 4);
    append_little_endian(out, size, 4);
    append_little_endian(out, size, 4);
    append_little_endian(out, name.size(), 2);
  }
  std::string entry(const std::string& name, uint32_t crc, uint64_t size) const {
    const bool large = size >= small || at_ >= small;
    std::string out, extra;
    if (large) {
      append_little_endian(extra, 1, 2);
      append_little_endian(extra, 24, 2);
      for (const uint64_t value : {size, size, at_}) append_little_endian(extra, value, 8);
    }
    append_little_endian(out, 0x02014b50, 4);
    append_little_endian(out, 45, 2);
    common(out, crc, large ? small : size, name);
    append_little_endian(out, extra.size(), 2);
    out.append(10, '\0');  // no comment, first disk, no attributes
    append_little_endian(out, large ? small : at_, 4);
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
