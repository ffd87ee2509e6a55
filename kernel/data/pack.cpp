#include "kernel/data/pack.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "formats/atomic_file.h"
#include "imaging/coding.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "kernel/data/identity_names.h"
#include "lafs/encoded_of.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

bool of_a_set(const fs::path& file) {
  const std::string ending = file.extension().string();
  return ending == ".rec" || ending == ".idx" || file.filename() == "property" || file.filename() == "identities.tsv";
}

/// A folder beside the wanted one, which takes its name at the end.
class OutputFolder {
 public:
  OutputFolder(const fs::path& wanted, bool force) : wanted_(fs::absolute(wanted).lexically_normal()) {
    if (!wanted_.has_filename()) wanted_ = wanted_.parent_path();
    if (fs::exists(wanted_)) {
      if (!fs::is_directory(wanted_)) throw Error(fmt::format("\"{}\" is a file", wanted_.string()));
      for (const auto& entry : fs::directory_iterator(wanted_)) {
        const std::string name = entry.path().filename().string();
        if (!of_a_set(entry.path()))
          throw Error(fmt::format("\"{}\" holds \"{}\", which does not belong to a record set", wanted_.string(), name));
        if (!force) throw Error(fmt::format("\"{}\" holds a record set; --force replaces it", wanted_.string()));
      }
    }
    beside_ = named("part");
    fs::create_directories(beside_);
  }
  ~OutputFolder() {
    std::error_code ignored;
    fs::remove_all(beside_, ignored);
  }
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  fs::path operator/(const std::string& name) const { return beside_ / name; }
  const fs::path& wanted() const { return wanted_; }
  void commit() {
    const fs::path old = named("old");
    std::error_code none;
    fs::rename(wanted_, old, none);
    fs::rename(beside_, wanted_);
    if (!none) fs::remove_all(old);
  }

 private:
  fs::path named(const char* what) const {
    return wanted_.parent_path() / fmt::format(".{}.{}.{}", wanted_.filename().string(), ::getpid(), what);
  }

  fs::path wanted_, beside_;
};

/// Pictures in the order of writing.
std::vector<int64_t> order_of(const DataSource& source, formats::FaceWriter::Style style) {
  std::vector<int64_t> order(static_cast<size_t>(source.size()));
  if (style == formats::FaceWriter::Style::plain) {
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    return order;
  }
  std::vector<size_t> begins(static_cast<size_t>(source.identities()) + 1, 0);
  for (int64_t i = 0; i < source.size(); ++i) ++begins[static_cast<size_t>(source.identity(i)) + 1];
  for (size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
  for (int64_t i = 0; i < source.size(); ++i) order[begins[static_cast<size_t>(source.identity(i))]++] = i;
  return order;
}

struct Encoding {
  std::vector<uint8_t> bytes;
  std::pair<int64_t, int64_t> size;
  bool copied = false;
};

Encoding encode(const DataSource& source, const Encoded* encoded, int64_t index, const PackOptions& options) {
  Encoding out;
  if (encoded && options.format == "keep") {
    out.bytes = encoded->encoded(index);
    out.size = imaging::image_size(out.bytes);
    const imaging::Coding coding = imaging::coding_of(out.bytes);
    out.copied = coding == imaging::Coding::jpeg || coding == imaging::Coding::png;  // what every reader of record sets knows
    if (out.copied) return out;
  }
  const Image image = source.get(index).image;
  out.bytes = options.format == "png" ? imaging::encode_png(image) : imaging::encode_jpeg(image, options.quality, options.full_chroma);
  out.size = {image.height, image.width};
  return out;
}

/// Pictures order[begin, begin + n), encoded in parallel.
std::vector<Encoding> encode_block(const DataSource& source, const std::vector<int64_t>& order, size_t begin, size_t n,
                                   const PackOptions& options) {
  const Encoded* encoded = encoded_of(source);
  std::vector<Encoding> block(n);
  std::atomic<size_t> next{0};
  std::mutex guard;
  std::exception_ptr failure;
  const auto work = [&] {
    for (size_t i = next++; i < n; i = next++) {
      const int64_t index = order[begin + i];
      try {
        block[i] = encode(source, encoded, index, options);
      } catch (const std::exception& error) {
        const std::lock_guard lock(guard);
        if (!failure) failure = std::make_exception_ptr(Error(fmt::format("image {} \"{}\": {}", index, source.key(index), error.what())));
        next = n;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int64_t t = 1; t < options.threads; ++t) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return block;
}

/// Where each shard ends in the order of writing.
std::vector<size_t> shard_ends(const DataSource& source, const std::vector<int64_t>& order, const PackOptions& options) {
  const auto shards = static_cast<size_t>(options.shards);
  std::vector<size_t> ends;
  for (size_t s = 1; s <= shards; ++s) {
    size_t end = order.size() * s / shards;
    while (options.style == formats::FaceWriter::Style::range && end > 0 && end < order.size() &&
           source.identity(order[end]) == source.identity(order[end - 1]))
      ++end;
    if (end <= (ends.empty() ? 0 : ends.back())) {
      throw Error(fmt::format("{} pictures of {} identities do not fill {} shards", order.size(), source.identities(), shards));
    }
    ends.push_back(end);
  }
  return ends;
}

std::string shard_name(size_t shard, size_t shards) { return shards == 1 ? "train.rec" : fmt::format("train-{:05}.rec", shard); }

std::pair<int64_t, int64_t> commonest(const std::map<std::pair<int64_t, int64_t>, int64_t>& sizes) {
  return std::max_element(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
}

}  // namespace

PackResult pack(const DataSource& source, const PackOptions& chosen, const std::function<bool(int64_t)>& go_on) {
  constexpr size_t block = 512;
  PackOptions options = chosen;
  PackResult result;
  if (source.size() + source.identities() >= formats::FaceWriter::range_limit) options.style = formats::FaceWriter::Style::plain;
  result.style = options.style;
  OutputFolder folder(options.out, options.force);
  const std::vector<int64_t> order = order_of(source, options.style);
  const std::vector<size_t> ends = shard_ends(source, order, options);
  size_t at = 0;
  for (size_t shard = 0; shard < ends.size(); ++shard) {
    const std::string name = shard_name(shard, ends.size());
    formats::FaceWriter writer(folder / name, options.style);
    while (at < ends[shard]) {
      const size_t n = std::min(block, ends[shard] - at);
      const std::vector<Encoding> encodings = encode_block(source, order, at, n, options);
      for (size_t i = 0; i < n; ++i) {
        writer.add(source.identity(order[at + i]), encodings[i].bytes);
        result.copied += encodings[i].copied;
        result.bytes += encodings[i].bytes.size();
        ++result.sizes[encodings[i].size];
      }
      at += n;
      result.pictures += static_cast<int64_t>(n);
      if (!go_on(result.pictures)) throw Error(fmt::format("stopped after {} of {} pictures; nothing was written", at, order.size()));
    }
    writer.finish();
    result.files.push_back(folder.wanted() / name);
  }
  const auto [height, width] = commonest(result.sizes);
  formats::write_atomically(folder / "property", formats::property_text(source.identities(), height, width,
                                                                        options.count_line ? static_cast<int64_t>(order.size()) : -1));
  write_identity_names(source, folder / "identities.tsv");
  folder.commit();
  return result;
}

}  // namespace lafs
