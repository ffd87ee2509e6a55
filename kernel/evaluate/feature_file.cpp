#include "kernel/evaluate/feature_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "formats/mapped_file.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "formats/tsv_field.h"
#include "kernel/data/identity_names.h"
#include "kernel/ledger/file_lock.h"
#include "kernel/results/json_text.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// The first fact that differs, as a sentence's middle; empty if none does.
std::string difference(const nlohmann::json& there, const nlohmann::json& wanted) {
  for (const auto& [name, value] : wanted.items()) {
    const nlohmann::json other = there.is_object() && there.contains(name) ? there.at(name) : nlohmann::json();
    if (other != value) return fmt::format("{} = {}, not {}", name, other.dump(), value.dump());
  }
  return "";
}

}  // namespace

/// Rows on their way, of one process at a time. A file that got no row does not stay.
class FeatureFile::Rows {
 public:
  explicit Rows(fs::path file) : file_(std::move(file)), lock_(file_) {
    if (!lock_.held()) throw Error(fmt::format("\"{}\" is in use by {}", file_.string(), lock_.holder()));
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (descriptor_ < 0) fail();
  }
  ~Rows() {
    std::error_code ignored;
    if (fs::file_size(file_, ignored) == 0) fs::remove(file_, ignored);
    ::close(descriptor_);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  void cut(uint64_t bytes) const {
    if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) fail();
  }
  /// Adds bytes at the end and brings them to the disk.
  void append(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) fail();
      if (written > 0) bytes = bytes.subspan(static_cast<size_t>(written));
    }
    if (::fdatasync(descriptor_) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const { throw Error(fmt::format("cannot write \"{}\": {}", file_.string(), std::strerror(errno))); }

  fs::path file_;
  FileLock lock_;
  int descriptor_ = -1;
};

FeatureFile::FeatureFile(fs::path file, Shape shape, const nlohmann::json& facts, bool start_over, std::function<std::string()> former)
    : file_(std::move(file)),
      partial_(file_.string() + ".partial"),
      partial_facts_(file_.string() + ".partial.json"),
      facts_file_(file_.string() + ".json"),
      keys_file_(file_.string() + ".tsv"),
      names_file_(file_.string() + ".identities.tsv"),
      shape_(shape),
      former_(std::move(former)),
      facts_(std::make_unique<nlohmann::json>(facts)) {
  if (const fs::path ending = file_.extension(); ending != ".npy" && ending != ".safetensors") {
    throw Error(fmt::format("\"{}\": features are written as .npy or .safetensors", file_.string()));
  }
  (*facts_)["rows"] = shape_.rows;
  (*facts_)["width"] = shape_.width;
  if (fs::exists(file_) && !start_over) {
    refuse_others(facts_file_, file_);
    finished_ = true;
    rows_ = shape_.rows;
    return;
  }
  partial_rows_ = std::make_unique<Rows>(partial_);
  if (start_over) {
    partial_rows_->cut(0);
    fs::remove(partial_facts_);
  }
  const auto row = static_cast<uintmax_t>(shape_.width) * sizeof(float), bytes = fs::file_size(partial_);
  if (bytes == 0) return;
  refuse_others(partial_facts_, partial_);
  rows_ = std::min(static_cast<int64_t>(bytes / row), shape_.rows);
  if (rows_ < shape_.rows) rows_ -= rows_ % shape_.chunk;
  partial_rows_->cut(static_cast<uintmax_t>(rows_) * row);
}

FeatureFile::~FeatureFile() = default;

void FeatureFile::refuse_others(const fs::path& facts_file, const fs::path& what) {
  nlohmann::json there;
  if (fs::exists(facts_file)) {
    const formats::MappedFile file(facts_file);
    const auto* begin = reinterpret_cast<const char*>(file.bytes().data());
    there = nlohmann::json::parse(begin, begin + file.bytes().size(), nullptr, /*allow_exceptions=*/false);
  }
  if (!there.is_object()) {
    throw Error(fmt::format("\"{}\" exists, but no \"{}\" says what it was made from; give another file, or start over with --force",
                            what.string(), facts_file.string()));
  }
  const nlohmann::json before = there;
  const auto print = there.find("data_fingerprint");
  if (former_ && print != there.end() && *print != facts_->at("data_fingerprint") && *print == former_())
    *print = facts_->at("data_fingerprint");
  if (const std::string other = difference(there, *facts_); !other.empty()) {
    throw Error(fmt::format("\"{}\" holds other features: {}; give another file, or start over with --force", what.string(), other));
  }
  renewed_ = there != before;
  if (renewed_) formats::write_atomically(facts_file, json_text(there) + "\n");
}

void FeatureFile::remove_old() const {
  for (const fs::path& old : {file_, facts_file_, keys_file_, names_file_})
    fs::remove(old);  // the features first, then what says how they were made
}

void FeatureFile::append(std::span<const float> values) {
  if (rows_ == 0) {
    remove_old();
    formats::write_atomically(partial_facts_, json_text(*facts_) + "\n");  // before the rows they speak of
  }
  partial_rows_->append(std::as_bytes(values));
  rows_ += static_cast<int64_t>(values.size()) / shape_.width;
}

void FeatureFile::write_features(const DataSource& source) const {
  const formats::MappedFile rows(partial_);
  const std::vector<int64_t> shape{shape_.rows, shape_.width};
  if (file_.extension() == ".npy") return formats::write_npy(file_, "F32", shape, rows.bytes());
  std::vector<int64_t> identities(static_cast<size_t>(shape_.rows));
  for (int64_t r = 0; r < shape_.rows; ++r) identities[static_cast<size_t>(r)] = source.identity(r);
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : facts_->items()) metadata[name] = value.is_string() ? value.get<std::string>() : value.dump();
  formats::write_safetensors(
      file_,
      {{"features", "F32", shape, rows.bytes()}, {"identities", "I64", {shape_.rows}, std::as_bytes(std::span<const int64_t>(identities))}},
      metadata);
}

void FeatureFile::write_keys(const DataSource& source) const {
  formats::AtomicFile out(keys_file_);
  std::string lines = "row\tkey\tidentity\n";
  for (int64_t r = 0; r < shape_.rows; ++r) {
    lines += fmt::format("{}\t{}\t{}\n", r, formats::tsv_field(source.key(r)), source.identity(r));
    if (lines.size() < (1 << 20) && r + 1 < shape_.rows) continue;
    out.write(lines);
    lines.clear();
  }
  out.commit();
}

void FeatureFile::finish(const DataSource& source) {
  if (!finished_) {
    remove_old();
    write_keys(source);
    write_identity_names(source, names_file_);
    formats::write_atomically(facts_file_, json_text(*facts_) + "\n");
    write_features(source);  // last: a file that is there is whole, and has its company
  }
  fs::remove(partial_);
  fs::remove(partial_facts_);
  finished_ = true;
}

}  // namespace lafs
