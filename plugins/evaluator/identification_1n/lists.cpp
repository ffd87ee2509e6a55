#include "lists.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "formats/id_index.h"
#include "formats/template_lists.h"
#include "lafs/error.h"

namespace lafs::identification_1n {
namespace {

/// A list as it was read.
struct Named {
  std::string file;
  formats::TemplateSubjects rows;

  size_t size() const { return rows.templates.size(); }
  std::string place(size_t i) const { return fmt::format("{}:{}", file, rows.lines[i]); }
  metrics::SubjectList list() const { return {rows.templates, rows.subjects}; }

  /// Leaves out the rows for which `leave` is true; returns how many.
  template <typename Leave>
  int64_t leave_out(const Leave& leave) {
    formats::TemplateSubjects kept;
    for (size_t i = 0; i < size(); ++i) {
      if (leave(i)) continue;
      kept.templates.push_back(rows.templates[i]);
      kept.subjects.push_back(rows.subjects[i]);
      kept.lines.push_back(rows.lines[i]);
    }
    const auto left_out = static_cast<int64_t>(size() - kept.templates.size());
    rows = std::move(kept);
    return left_out;
  }
};

Named read(const Path& file, const formats::TemplateSet& set, const formats::IdIndex& there) {
  Named list{file.value, formats::read_template_subjects(file.value)};
  for (size_t i = 0; i < list.size(); ++i)
    if (const int64_t id = list.rows.templates[i]; there.find(id) < 0 && !set.lacks(id))
      throw Error(fmt::format("template {} has no picture in the list of pictures", id)).at(list.place(i));
  return list;
}

/// Takes out what has no picture.
void leave_out(const formats::TemplateSet& set, std::vector<Named>& galleries, Named& probes, std::vector<std::string>& warnings) {
  std::set<int64_t> lost, there;  // subjects
  int64_t templates = 0;
  for (Named& gallery : galleries) {
    templates += gallery.leave_out([&](size_t i) {
      const bool lacks = set.lacks(gallery.rows.templates[i]);
      (lacks ? lost : there).insert(gallery.rows.subjects[i]);
      return lacks;
    });
    if (gallery.size() == 0) throw Error("no template of this gallery has a picture").at(gallery.file);
  }
  const size_t all = probes.size();
  const int64_t pictures = probes.leave_out([&](size_t i) { return set.lacks(probes.rows.templates[i]); });
  const int64_t mates =
      probes.leave_out([&](size_t i) { return lost.contains(probes.rows.subjects[i]) && !there.contains(probes.rows.subjects[i]); });
  if (probes.size() == 0) throw Error("no probe has a picture, and a gallery template with one").at(probes.file);
  if (templates > 0) warnings.push_back(fmt::format("{} gallery templates are left out, because they have no picture", templates));
  if (pictures + mates > 0)
    warnings.push_back(fmt::format("{} of the {} probes are left out: {} have no picture, and the gallery templates of {} have none",
                                   pictures + mates, all, pictures, mates));
}

void check_mates(const std::vector<Named>& galleries, const Named& probes) {
  std::map<int64_t, std::set<int64_t>> templates;  // of each subject
  for (const Named& gallery : galleries)
    for (size_t i = 0; i < gallery.size(); ++i) templates[gallery.rows.subjects[i]].insert(gallery.rows.templates[i]);
  for (size_t i = 0; i < probes.size(); ++i) {
    const auto mates = templates[probes.rows.subjects[i]].size();
    if (mates == 1) continue;
    throw Error(fmt::format("probe template {} of subject {} has {} templates in the galleries; the combined protocol needs exactly one{}",
                            probes.rows.templates[i], probes.rows.subjects[i], mates,
                            mates == 0 ? ", protocols = [\"separate\"] does not"
                                       : ": keep one of them, or pool their pictures as one template of the list of pictures"))
        .at(probes.place(i));
  }
}

void check_rates(const ListOptions& options, const std::vector<Named>& galleries, const Named& probes) {
  std::set<int64_t> templates;
  for (const Named& gallery : galleries) templates.insert(gallery.rows.templates.begin(), gallery.rows.templates.end());
  for (const double rate : options.rates) {
    try {
      metrics::false_alarms(rate, static_cast<int64_t>(probes.size()), static_cast<int64_t>(templates.size()));
    } catch (const Error& error) {
      throw Error(fmt::format("fpir: {}", error.what()));
    }
  }
}

/// A probe would count in each gallery that has its subject.
void check_galleries(const std::vector<Named>& galleries) {
  std::map<int64_t, std::pair<size_t, size_t>> first;  // gallery and row of each subject
  for (size_t g = 0; g < galleries.size(); ++g)
    for (size_t i = 0; i < galleries[g].size(); ++i) {
      const auto [at, added] = first.emplace(galleries[g].rows.subjects[i], std::pair(g, i));
      if (added || at->second.first == g) continue;
      throw Error(fmt::format("subject {} is also in \"{}\", line {}: with the separate protocol a probe would count in both; take the "
                              "subject out of one gallery, or set protocols = [\"combined\"]",
                              at->first, galleries[at->second.first].file, galleries[at->second.first].rows.lines[at->second.second]))
          .at(galleries[g].place(i));
    }
}

/// Subjects of probes that have several templates in a gallery.
void warn_of_several(const Named& gallery, const Named& probes, std::vector<std::string>& warnings) {
  const std::set<int64_t> asked(probes.rows.subjects.begin(), probes.rows.subjects.end());
  std::map<int64_t, int64_t> count;
  for (const int64_t subject : gallery.rows.subjects) count[subject] += asked.contains(subject) ? 1 : 0;
  int64_t several = 0;
  for (const auto& [subject, templates] : count) several += templates > 1 ? 1 : 0;
  if (several > 0)
    warnings.push_back(
        fmt::format("separate: \"{}\" has several templates of {} subjects of probes: the first is the mate and the others count in its "
                    "rank, as published; pool their pictures as one template to have them found together",
                    gallery.file, several));
}

}  // namespace

Lists read_lists(const ListOptions& options, const formats::TemplateSet& set) {
  const formats::IdIndex there(set.templates);
  std::vector<Named> galleries;
  for (const Path& gallery : options.galleries) galleries.push_back(read(gallery, set, there));
  Named probes = read(options.probes, set, there);
  Lists out;
  if (!set.without.empty()) leave_out(set, galleries, probes, out.warnings);
  if (options.separate) check_galleries(galleries);
  if (options.combined) check_mates(galleries, probes);
  if (options.combined) check_rates(options, galleries, probes);
  for (const Named& gallery : galleries) {
    if (options.separate) warn_of_several(gallery, probes, out.warnings);
    out.galleries.push_back(gallery.list());
  }
  out.probes = probes.list();
  return out;
}

}  // namespace lafs::identification_1n
