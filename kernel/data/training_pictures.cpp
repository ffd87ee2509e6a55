#include "kernel/data/training_pictures.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "formats/file_text.h"
#include "formats/tsv_field.h"
#include "lafs/error.h"

namespace lafs {

namespace {

constexpr const char* heading = "key\treason\tinstead\n";

constexpr const char* ways_on =
    "\nto go on, repair or remove it and say so with --accept-data REASON, or leave such pictures out with --set run.damaged=skip; "
    "`lafs data check` finds all of them";

}  // namespace

TrainingPictures::TrainingPictures(std::shared_ptr<const DataSource> source, const RunOptions& run, const std::filesystem::path& folder,
                                   std::function<void(const std::string&)> note)
    : source_(std::move(source)),
      skip_(run.damaged == "skip"),
      limit_(run.damaged_limit),
      file_(folder / list_name),
      note_(std::move(note)) {
  std::string all = formats::file_text(file_).value_or("");
  // A last line without an end was being written when the run died; its picture will be met again.
  if (const size_t whole = all.rfind('\n') + 1; whole < all.size()) {
    all.resize(whole);
    std::filesystem::resize_file(file_, whole);
  }
  std::istringstream lines(all);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) listed_.insert(line.substr(0, line.find('\t')));
}

Sample TrainingPictures::get(int64_t index) const {
  std::string last;
  for (int64_t tried = 0; tried <= limit_ && tried < size(); ++tried) {
    const int64_t at = (index + tried) % size();
    try {
      Sample sample = source_->get(at);
      sample.index = at;
      return sample;
    } catch (const PlacedError& error) {
      if (!skip_) throw PlacedError(error.what() + std::string(ways_on));
      last = error.what();
    } catch (const Error& error) {
      if (!skip_) throw Error(error.what() + std::string(ways_on));
      last = error.what();
    }
    const std::lock_guard lock(guard_);
    reasons_[at] = last;
  }
  if (size() <= limit_) throw Error(fmt::format("no picture can be read; the last: {}", last));
  throw Error(fmt::format("{}\nthis and the {} pictures before it cannot be read, more than [run] damaged_limit = {} allows", last, limit_,
                          limit_));
}

void TrainingPictures::list(int64_t index, int64_t instead) {
  const std::string key = source_->key(index);
  if (!listed_.insert(formats::tsv_field(key)).second) return;
  std::string reason;
  {
    const std::lock_guard lock(guard_);
    reason = reasons_[index];
  }
  const bool first = !std::filesystem::exists(file_);
  std::ofstream out(file_, std::ios::app | std::ios::binary);
  if (first) out << heading;
  out << formats::tsv_field(key) << '\t' << formats::tsv_field(reason) << '\t' << formats::tsv_field(source_->key(instead)) << '\n';
  out.flush();
  if (!out) throw Error(fmt::format("cannot write \"{}\": {}", file_.string(), std::strerror(errno)));
  note_(fmt::format("damaged picture left out, \"{}\" stands in for it: {}", source_->key(instead), reason));
}

std::shared_ptr<LoadedBatch> TrainingPictures::counted(std::shared_ptr<LoadedBatch> batch) {
  for (const auto& [index, instead] : batch->replaced) {
    for (int64_t at = index; at != instead; at = (at + 1) % size()) list(at, instead);
  }
  if (!batch->replaced.empty() && damaged() > limit_) {
    throw Error(fmt::format("{} damaged pictures, more than [run] damaged_limit = {} allows; they are listed in \"{}\"", damaged(), limit_,
                            file_.string()));
  }
  return batch;
}

}  // namespace lafs
