#include "runner/tools/data/check_text.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/named.h"

namespace lafs {

namespace {

std::string more_text(size_t all, size_t listed) { return all > listed ? fmt::format("  and {} more\n", all - listed) : ""; }

std::string damage_part(const DataCheck& check, size_t listed) {
  std::string out;
  for (const DamagedPicture& picture : check.findings.check.damaged) out += damage_text(picture) + "\n";
  size_t empty = 0;
  for (const LostIdentity& one : check.findings.check.lost) {
    if (one.pictures > 0) {
      out += fmt::format("identity {} has no whole picture: {} of {} are damaged, the first \"{}\"\n", one.identity, one.pictures,
                         one.pictures, one.first);
    } else if (++empty <= listed) {
      out += fmt::format("identity {} has no picture\n", one.identity);
    }
  }
  return out + more_text(empty, listed);
}

std::string labels_part(const DataCheck& check) {
  const LabelFindings& labels = check.findings.labels;
  std::string out = fmt::format("identities  numbers {} to {}", labels.smallest, labels.largest);
  if (!labels.without.empty()) {
    const auto& [first, last] = labels.without.front();
    out += fmt::format("; numbers without a picture in {} {}, the first {}{}", labels.without.size(),
                       labels.without.size() == 1 ? "gap" : "gaps", first, first == last ? "" : fmt::format(" to {}", last));
  }
  if (!labels.single.empty())
    out +=
        fmt::format("; with one picture: {}, the first {}", labels.single.size(), picture_text(*check.open.source, labels.single.front()));
  return out + "\n";
}

std::string sizes_part(const SourceFindings& findings) {
  std::vector<std::string> texts;
  for (const auto& [size, count] : findings.sizes) texts.push_back(fmt::format("{}x{} ({})", size.first, size.second, count));
  constexpr size_t most = 8;
  const size_t all = texts.size();
  texts.resize(std::min(all, most));
  return fmt::format("sizes       {}{}{}\n", fmt::join(texts, ", "), all > most ? fmt::format(" and {} more", all - most) : "",
                     all > 1 ? "; training brings all to one size" : "");
}

std::string colours_part(const DataCheck& check) {
  const ColourFindings& colours = check.findings.colours;
  std::string out = "colours     ";
  if (colours.grey > 0) {
    out += fmt::format("grey: {} of {}, the first {}", colours.grey, colours.grey + colours.coloured,
                       picture_text(*check.open.source, colours.first_grey));
  }
  if (colours.coloured > 0) {
    out += fmt::format("{}more blue than red in the middle: {} of {} coloured pictures", colours.grey > 0 ? "; " : "", colours.bluer,
                       colours.coloured);
  }
  if (colours.probably_bgr()) out += ": probably BGR, not RGB; swap_rb = true of record_set corrects it";
  return out + "\n";
}

int64_t exact_of(const std::vector<CopyPair>& pairs) {
  return std::count_if(pairs.begin(), pairs.end(), [](const CopyPair& pair) { return pair.exact; });
}

std::string pairs_part(const std::string& title, const std::vector<CopyPair>& pairs, const DataSource& first, const DataSource& second,
                       const std::vector<double>& cosines, size_t listed) {
  std::string out = fmt::format("{}: {}", title, pairs.size());
  if (!pairs.empty()) out += fmt::format(", {} of them with the same pixels", exact_of(pairs));
  out += "\n";
  for (size_t i = 0; i < std::min(pairs.size(), listed); ++i) {
    const CopyPair& pair = pairs[i];
    out += fmt::format("  {} and {}: {}", picture_text(first, pair.first), picture_text(second, pair.second),
                       pair.exact ? "the same pixels" : fmt::format("agreement {:.3f}", pair.agreement));
    if (i < cosines.size()) out += fmt::format(", cosine {:.3f}", cosines[i]);
    out += "\n";
  }
  return out + more_text(pairs.size(), listed);
}

std::string shared_part(const DataCheck& check, size_t listed) {
  const SharedFindings& shared = check.findings.shared;
  std::string out = pairs_part(fmt::format("pictures that \"{}\" has too", shared.source), check.findings.copies.other, *check.open.source,
                               *check.other.source, {}, listed);
  if (shared.damaged > 0)
    out += fmt::format("  of its {} pictures {} are damaged and were not compared\n", shared.pictures, shared.damaged);
  if (!shared.names_compared) return out + "names in both: not compared, one of the sources knows no names\n";
  out += fmt::format("names in both: {}\n", shared.names.size());
  for (size_t i = 0; i < std::min(shared.names.size(), listed); ++i) out += fmt::format("  {}\n", shared.names[i]);
  return out + more_text(shared.names.size(), listed);
}

std::string model_part(const DataCheck& check, size_t listed) {
  const ModelFindings& model = *check.model;
  if (!model.not_judged.empty()) return fmt::format("labels by \"{}\": not judged, {}\n", model.model, model.not_judged);
  const DataSource& source = *check.open.source;
  const auto& pictures = model.labels.pictures;
  std::string out = fmt::format("copies of either kind with a cosine of {} or more: {} of {}\n", ModelFindings::confirms, model.confirmed,
                                model.within.size() + model.across.size());
  out += fmt::format("probably mislabelled, nearer to another identity by {} or more: {} of {}", model.margin, pictures.size(),
                     model.labels.judged);
  if (model.labels.alone > 0) out += fmt::format("; {} more are alone in their identity and cannot be judged", model.labels.alone);
  out += "\n";
  for (size_t i = 0; i < std::min(pictures.size(), listed); ++i) {
    const MislabelledPicture& one = pictures[i];
    out += fmt::format("  {}: cosine {:.3f} to its own identity, {:.3f} to {}\n", picture_text(source, one.index), one.own_cosine,
                       one.other_cosine, person_text(source, one.other));
  }
  return out + more_text(pictures.size(), listed);
}

std::string copies_part(const DataCheck& check, size_t listed) {
  const Copies& copies = check.findings.copies;
  const DataSource& source = *check.open.source;
  static const std::vector<double> none;
  const auto& model = check.model;
  std::string out = pairs_part("copies across identities, one picture under two names", copies.across, source, source,
                               model ? model->across : none, listed);
  out += pairs_part("copies within one identity", copies.within, source, source, model ? model->within : none, listed);
  if (copies.dropped > 0) out += fmt::format("  {} more pairs that are alike were not compared: there are too many\n", copies.dropped);
  return out;
}

}  // namespace

std::string person_text(const DataSource& source, int64_t identity) {
  const std::string name = identity_name(source, identity);
  return name.empty() ? fmt::format("identity {}", identity) : name;
}

std::string picture_text(const DataSource& source, int64_t index) {
  const std::string key = source.key(index), identity = person_text(source, source.identity(index));
  return key.starts_with(identity) ? fmt::format("\"{}\"", key) : fmt::format("\"{}\" of {}", key, identity);
}

std::string whole_text(const DataCheck& check) {
  const SourceCheck& found = check.findings.check;
  const DataSource& source = *check.open.source;
  const auto left_out = std::count_if(found.damaged.begin(), found.damaged.end(), [](const auto& picture) { return picture.index < 0; });
  std::string out = fmt::format("{} pictures of {} identities: {}", source.size() + left_out, source.identities(),
                                found.damaged.empty() ? "all whole" : fmt::format("{} damaged", found.damaged.size()));
  if (left_out > 0) out += fmt::format(", {} of them left out by on_damaged", left_out);
  if (!found.lost.empty()) out += fmt::format("; identities without a whole picture: {}", found.lost.size());
  return out;
}

std::vector<std::string> suspicions(const DataCheck& check) {
  const SourceFindings& findings = check.findings;
  std::vector<std::string> out;
  if (findings.colours.probably_bgr()) out.emplace_back("probably BGR, not RGB");
  const auto add = [&](const std::string& what, size_t count) {
    if (count > 0) out.push_back(fmt::format("{}: {}", what, count));
  };
  add("copies across identities", findings.copies.across.size());
  add("copies within one identity", findings.copies.within.size());
  add(fmt::format("pictures that \"{}\" has too", findings.shared.source), findings.copies.other.size());
  add(fmt::format("names that \"{}\" has too", findings.shared.source), findings.shared.names.size());
  if (check.model) add("probably mislabelled", check.model->labels.pictures.size());
  return out;
}

std::string check_text(const DataCheck& check, size_t listed) {
  std::string out = damage_part(check, listed) + whole_text(check) + "\n";
  if (check.findings.stopped || check.decode_only) return out;
  out += labels_part(check) + sizes_part(check.findings) + colours_part(check) + copies_part(check, listed);
  if (check.other.source) out += shared_part(check, listed);
  if (check.model) out += model_part(check, listed);
  return out;
}

}  // namespace lafs
