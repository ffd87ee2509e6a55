#include "kernel/data/pack.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "formats/atomic_file.h"
#include "formats/content_index.h"
#include "imaging/coding.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "kernel/data/check_source.h"
#include "kernel/data/identity_names.h"
#include "lafs/encoded_of.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

bool of_a_set(const fs::path& file) {
  const std::string ending = file.extension().string();
  return ending == ".rec" || ending == ".idx" || file.filename() == "property" || file.filename() == "identities.tsv";
}

/// What this program leaves beside a set: hashes of contents, what a check found, and folders of packings that were killed.
bool of_this_program(const fs::path& file) {
  const std::string name = file.filename().string();
  return name == formats::ContentIndex::file_name || name == ".lafs-check" || name.starts_with(".pack.");
}

std::vector<fs::path> set_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (of_a_set(entry.path())) files.push_back(entry.path());
  }
  // Records come first: without index and property they are read all the same, and not with those of other records.
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.extension() != ".rec", a) < std::pair(b.extension() != ".rec", b);
  });
  return files;
}

/// Where a set is written before it comes to the wanted folder: beside it or, where that exists, in it. A folder that exists stays the same
/// one, for somebody may stand in it.
class OutputFolder {
 public:
  OutputFolder(const fs::path& wanted, bool force) : wanted_(fs::absolute(wanted).lexically_normal()) {
    if (!wanted_.has_filename()) wanted_ = wanted_.parent_path();
    there_ = fs::exists(wanted_);
    if (there_) check(force);
    apart_ = (there_ ? wanted_ : wanted_.parent_path()) / named("part");
    std::error_code error;
    fs::create_directories(apart_, error);
    if (error) {
      throw Error(fmt::format("cannot write \"{}\": nothing can be made in \"{}\": {}", wanted_.string(), apart_.parent_path().string(),
                              error.message()));
    }
  }
  ~OutputFolder() {
    std::error_code ignored;
    fs::remove_all(apart_, ignored);
  }
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  fs::path operator/(const std::string& name) const { return apart_ / name; }
  const fs::path& wanted() const { return wanted_; }
  void commit() {
    if (!there_) return fs::rename(apart_, wanted_);
    const fs::path old = wanted_ / named("old");
    fs::create_directories(old);
    for (const fs::path& file : set_in(wanted_)) fs::rename(file, old / file.filename());
    for (const fs::path& file : set_in(apart_)) fs::rename(file, wanted_ / file.filename());
    fs::remove_all(old);
  }

 private:
  void check(bool force) const {
    if (!fs::is_directory(wanted_)) throw Error(fmt::format("\"{}\" is a file", wanted_.string()));
    for (const auto& entry : fs::directory_iterator(wanted_)) {
      if (of_this_program(entry.path())) continue;
      const std::string name = entry.path().filename().string();
      if (!of_a_set(entry.path()))
        throw Error(fmt::format("\"{}\" holds \"{}\", which does not belong to a record set", wanted_.string(), name));
      if (!force) throw Error(fmt::format("\"{}\" holds a record set; --force replaces it", wanted_.string()));
    }
  }

  std::string named(const char* what) const {
    const std::string of = there_ ? "pack" : wanted_.filename().string();
    return fmt::format(".{}.{}.{}", of, ::getpid(), what);
  }

  fs::path wanted_, apart_;
  bool there_ = false;
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
  std::string damage;  ///< why the picture cannot be read; empty: it can
};

Encoding encode(const DataSource& source, const Encoded* encoded, int64_t index, const PackOptions& options) {
  Encoding out;
  if (encoded && options.format == "keep") {
    out.bytes = encoded->encoded(index);
    out.size = imaging::image_size(out.bytes);
    imaging::decode_image(out.bytes);  // a damaged picture would be met in the middle of a training
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
  for_blocks(0, static_cast<int64_t>(n), 1, options.threads, [&](int64_t at, int64_t) {
    const auto i = static_cast<size_t>(at);
    try {
      block[i] = encode(source, encoded, order[begin + i], options);
    } catch (const Error& error) {
      block[i].damage = error.what();
    }
  });
  return block;
}

/// Once a picture is damaged, the others are looked for and nothing more is written.
void add_picture(const DataSource& source, int64_t index, const Encoding& encoding, formats::FaceWriter& writer, PackResult& result,
                 std::vector<DamagedPicture>& damaged) {
  if (!encoding.damage.empty()) damaged.push_back({index, source.key(index), encoding.damage});
  if (!damaged.empty()) return;
  writer.add(source.identity(index), encoding.bytes);
  result.copied += encoding.copied;
  result.bytes += encoding.bytes.size();
  ++result.sizes[encoding.size];
}

[[noreturn]] void refuse_damaged(const DataSource& source, std::vector<DamagedPicture>& damaged) {
  std::sort(damaged.begin(), damaged.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  throw Error(
      fmt::format("damaged pictures: {} of {}; nothing was written:{}\nrepair or remove them; or leave them out: with "
                  "--source, image_folder and record_set take on_damaged = \"skip\"",
                  damaged.size(), source.size(), damage_lines(damaged, 20)));
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
  std::vector<DamagedPicture> damaged;
  size_t at = 0;
  for (size_t shard = 0; shard < ends.size(); ++shard) {
    const std::string name = shard_name(shard, ends.size());
    formats::FaceWriter writer(folder / name, options.style);
    while (at < ends[shard]) {
      const size_t n = std::min(block, ends[shard] - at);
      const std::vector<Encoding> encodings = encode_block(source, order, at, n, options);
      for (size_t i = 0; i < n; ++i) add_picture(source, order[at + i], encodings[i], writer, result, damaged);
      at += n;
      result.pictures += static_cast<int64_t>(n);
      if (!go_on(result.pictures)) throw Error(fmt::format("stopped after {} of {} pictures; nothing was written", at, order.size()));
    }
    if (damaged.empty()) writer.finish();
    result.files.push_back(folder.wanted() / name);
  }
  if (!damaged.empty()) refuse_damaged(source, damaged);
  const auto [height, width] = commonest(result.sizes);
  formats::write_atomically(folder / "property", formats::property_text(source.identities(), height, width,
                                                                        options.count_line ? static_cast<int64_t>(order.size()) : -1));
  write_identity_names(source, folder / "identities.tsv");
  folder.commit();
  return result;
}

}  // namespace lafs
