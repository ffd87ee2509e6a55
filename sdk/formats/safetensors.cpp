#include "formats/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "formats/atomic_file.h"
#include "formats/little_endian.h"
#include "formats/mapped_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

using nlohmann::json;

constexpr uint64_t longest_header = 100'000'000;
constexpr int deepest_header = 8;
constexpr std::string_view metadata_key = "__metadata__", hash_prefix = "xxh3:";

struct Dtype {
  std::string_view name;
  uint64_t bits;
  bool readable = true;
};
constexpr std::array dtypes{Dtype{"BOOL", 8},
                            Dtype{"U8", 8},
                            Dtype{"I8", 8},
                            Dtype{"F8_E4M3", 8},
                            Dtype{"F8_E5M2", 8},
                            Dtype{"U16", 16},
                            Dtype{"I16", 16},
                            Dtype{"F16", 16},
                            Dtype{"BF16", 16},
                            Dtype{"U32", 32},
                            Dtype{"I32", 32},
                            Dtype{"F32", 32},
                            Dtype{"U64", 64},
                            Dtype{"I64", 64},
                            Dtype{"F64", 64},
                            Dtype{"C64", 64},
                            Dtype{"F4", 4, false},
                            Dtype{"F6_E2M3", 6, false},
                            Dtype{"F6_E3M2", 6, false},
                            Dtype{"F8_E8M0", 8, false},
                            Dtype{"F8_E4M3FNUZ", 8, false},
                            Dtype{"F8_E5M2FNUZ", 8, false}};

const Dtype* find_dtype(std::string_view name) {
  const auto found = std::find_if(dtypes.begin(), dtypes.end(), [&](const Dtype& d) { return d.name == name; });
  return found == dtypes.end() ? nullptr : &*found;
}

/// Bytes of a tensor; nothing where the product overflows or ends inside a byte.
std::optional<uint64_t> byte_count(const Dtype& dtype, const std::vector<int64_t>& shape) {
  if (std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < 0; })) return std::nullopt;
  // A zero anywhere makes the product zero, however large the other sizes are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  uint64_t bits = dtype.bits;
  for (const int64_t size : shape)
    if (__builtin_mul_overflow(bits, static_cast<uint64_t>(size), &bits)) return std::nullopt;
  if (bits % 8 != 0) return std::nullopt;
  return bits / 8;
}

std::string hash_of(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

/// Parses and checks one header; every message gets the file in front.
class Header {
 public:
  Header(const std::filesystem::path& file, std::string_view text) : file_(file) { parse(text); }

  [[noreturn]] void fail(const std::string& reason) const { throw Error(fmt::format("cannot read \"{}\": {}", file_.string(), reason)); }

  std::map<std::string, std::string> metadata() const {
    std::map<std::string, std::string> texts;
    if (!root_.contains(metadata_key)) return texts;
    const json& table = root_[std::string(metadata_key)];
    if (!table.is_object()) fail("\"__metadata__\" is not an object");
    for (const auto& [key, value] : table.items()) {
      if (!value.is_string()) fail(fmt::format("metadata \"{}\" is not a string", key));
      texts[key] = value.get<std::string>();
    }
    return texts;
  }

  std::vector<TensorInfo> tensors(uint64_t data_bytes) const {
    std::vector<TensorInfo> all;
    for (const auto& [name, value] : root_.items())
      if (name != metadata_key) all.push_back(tensor(name, value));
    std::sort(all.begin(), all.end(),
              [](const TensorInfo& a, const TensorInfo& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
    uint64_t at = 0;
    for (const TensorInfo& t : all) {
      if (t.begin != at) fail(fmt::format("tensor \"{}\" begins at byte {} of the data, expected {}", t.name, t.begin, at));
      at = t.end;
    }
    if (at > data_bytes) fail(fmt::format("the tensors need {} bytes and the file has {}: it is cut off, fetch it again", at, data_bytes));
    if (at < data_bytes) fail(fmt::format("the tensors need {} bytes and the file has {}: the rest belongs to none", at, data_bytes));
    return all;
  }

 private:
  void parse(std::string_view text) {
    if (text.empty() || text.front() != '{') fail("the header does not start with \"{\"");
    std::vector<std::set<std::string>> open;
    const auto watch = [&](int depth, json::parse_event_t event, json& value) {
      if (depth > deepest_header) fail(fmt::format("the header is nested deeper than {}", deepest_header));
      if (event == json::parse_event_t::object_start) open.emplace_back();
      if (event == json::parse_event_t::object_end) open.pop_back();
      if (event == json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second)
        fail(fmt::format("the name {} occurs twice in the header", value.dump()));
      return true;
    };
    try {
      root_ = json::parse(text, watch);
    } catch (const json::parse_error& error) {
      fail(fmt::format("the header is not valid json at byte {}", error.byte));
    } catch (const json::exception&) {
      fail("the header holds a number that is out of range");
    }
  }

  int64_t size(const std::string& name, const json& value, std::string_view what) const {
    // Unsigned numbers above the largest int64 would wrap; negative and broken ones have another type.
    if (!value.is_number_unsigned() || value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
      fail(fmt::format("tensor \"{}\" has a {} that is not a size: {}", name, what, value.dump()));
    return value.get<int64_t>();
  }

  TensorInfo tensor(const std::string& name, const json& value) const {
    if (!value.is_object()) fail(fmt::format("tensor \"{}\" is not an object", name));
    for (const char* key : {"dtype", "shape", "data_offsets"})
      if (!value.contains(key)) fail(fmt::format("tensor \"{}\" has no \"{}\"", name, key));
    const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
    const Dtype* known = dtype.is_string() ? find_dtype(dtype.get<std::string>()) : nullptr;
    if (!known) fail(fmt::format("tensor \"{}\" has the unknown type {}", name, dtype.dump()));
    if (!shape.is_array()) fail(fmt::format("the \"shape\" of tensor \"{}\" is not a list", name));
    if (!offsets.is_array() || offsets.size() != 2) fail(fmt::format("the \"data_offsets\" of tensor \"{}\" are not two numbers", name));
    TensorInfo info{name, std::string(known->name), {}, 0, 0};
    for (const json& item : shape) info.shape.push_back(size(name, item, "shape"));
    info.begin = static_cast<uint64_t>(size(name, offsets[0], "data offset"));
    info.end = static_cast<uint64_t>(size(name, offsets[1], "data offset"));
    const auto needed = byte_count(*known, info.shape);
    if (!needed) fail(fmt::format("tensor \"{}\" of shape [{}] has no whole number of bytes", name, fmt::join(info.shape, ", ")));
    if (info.end < info.begin || info.end - info.begin != *needed)
      fail(fmt::format("tensor \"{}\" of shape [{}] needs {} bytes and has the range {} to {}", name, fmt::join(info.shape, ", "), *needed,
                       info.begin, info.end));
    return info;
  }

  const std::filesystem::path& file_;
  json root_;
};

/// The header as text, its length in front, spaces at the end.
std::string header_of(const std::filesystem::path& file, const std::vector<TensorBytes>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  try {
    std::string text = fmt::format("{{\"{}\":{}", metadata_key, json(metadata).dump());
    uint64_t at = 0;
    for (const TensorBytes& t : tensors) {
      text += fmt::format(",{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", json(t.name).dump(), t.dtype,
                          fmt::join(t.shape, ","), at, at + t.data.size());
      at += t.data.size();
    }
    text += '}';
    text.resize((text.size() + 7) / 8 * 8, ' ');
    return text;
  } catch (const json::exception&) {
    throw Error(fmt::format("cannot write \"{}\": a name or a metadata text is not valid utf-8", file.string()));
  }
}

void check(const std::filesystem::path& file, const std::vector<TensorBytes>& tensors) {
  std::set<std::string_view> names;
  for (const TensorBytes& t : tensors) {
    const auto fail = [&](const std::string& reason) {
      throw Error(fmt::format("cannot write \"{}\": tensor \"{}\" {}", file.string(), t.name, reason));
    };
    if (t.name == metadata_key) fail("has the name of the metadata");
    if (!names.insert(t.name).second) fail("occurs twice");
    const Dtype* dtype = find_dtype(t.dtype);
    if (!dtype || !dtype->readable) fail(fmt::format("has the unknown type \"{}\"", t.dtype));
    if (byte_count(*dtype, t.shape) != t.data.size())
      fail(fmt::format("of type {} and shape [{}] does not fill {} bytes", t.dtype, fmt::join(t.shape, ", "), t.data.size()));
  }
}

}  // namespace

SafetensorsReader::SafetensorsReader(const std::filesystem::path& file) : file_(file) {
  const auto mapped = std::make_shared<MappedFile>(file);
  map_ = {mapped, mapped->bytes().data()};
  size_ = mapped->bytes().size();
  const auto fail = [&](const std::string& reason) { throw Error(fmt::format("cannot read \"{}\": {}", file.string(), reason)); };
  if (size_ < 8) fail(fmt::format("{} bytes are too few for a safetensors file", size_));
  const uint64_t header = from_little_endian(map_.get(), 8);
  if (header > longest_header || header > size_ - 8)
    fail(fmt::format("the header should have {} bytes, and the file has {}", header, size_));
  data_ = 8 + header;
  const Header parsed(file_, {reinterpret_cast<const char*>(map_.get()) + 8, header});
  metadata_ = parsed.metadata();
  tensors_ = parsed.tensors(size_ - data_);
  for (size_t i = 0; i < tensors_.size(); ++i) names_[tensors_[i].name] = i;
}

const TensorInfo* SafetensorsReader::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &tensors_[found->second];
}

std::span<const std::byte> SafetensorsReader::bytes(const TensorInfo& tensor) const {
  const Dtype* dtype = find_dtype(tensor.dtype);
  if (tensor.begin > tensor.end || tensor.end > size_ - data_)
    throw Error(fmt::format("tensor \"{}\" does not belong to \"{}\"", tensor.name, file_.string()));
  if (!dtype || !dtype->readable)
    throw Error(
        fmt::format("cannot read tensor \"{}\" of \"{}\": its type {} is not supported", tensor.name, file_.string(), tensor.dtype));
  return {map_.get() + data_ + tensor.begin, tensor.end - tensor.begin};
}

void SafetensorsReader::verify() const {
  const auto first = metadata_.lower_bound(std::string(hash_prefix));
  if (first == metadata_.end() || !first->first.starts_with(hash_prefix)) return;
  for (const TensorInfo& t : tensors_) {
    const auto recorded = metadata_.find(std::string(hash_prefix) + t.name);
    if (recorded == metadata_.end()) throw Error(fmt::format("tensor \"{}\" of \"{}\" has no recorded hash", t.name, file_.string()));
    if (hash_of(bytes(t)) != recorded->second)
      throw Error(fmt::format("tensor \"{}\" of \"{}\" is damaged: its hash differs from the recorded one", t.name, file_.string()));
  }
}

void write_safetensors(const std::filesystem::path& file, const std::vector<TensorBytes>& tensors,
                       std::map<std::string, std::string> metadata) {
  check(file, tensors);
  for (const TensorBytes& t : tensors) metadata[std::string(hash_prefix) + t.name] = hash_of(t.data);
  const std::string header = header_of(file, tensors, metadata);
  if (header.size() > longest_header) throw Error(fmt::format("cannot write \"{}\": the header is too long", file.string()));
  std::string length;
  append_little_endian(length, header.size(), 8);
  AtomicFile out(file);
  out.write(length + header);
  for (const TensorBytes& t : tensors) out.write(t.data);
  out.commit();
}

}  // namespace lafs::formats
