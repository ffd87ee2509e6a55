#include "runner/tools/release/verify_release.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/model/weights_file.h"
#include "kernel/results/json_text.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

std::string name_of(const fs::path& file, const fs::path& folder) { return file.lexically_relative(folder).string(); }

class Verification {
 public:
  Verification(const VerifyReleaseRequest& request, Registry& registry)
      : request_(request), registry_(registry), rows_(read_release_rows(request.rows, registry)) {
    out_.folder = request.folder;
  }

  ReleaseReport run() {
    FoundFiles found = find_files(request_.folder);
    out_.notes = found.notes;
    out_.record_sets = found.record_sets;
    for (const fs::path& file : found.weights) recognise_file(file);
    out_.sets = release_sets(found, request_.folder, request_.measure.context, registry_);
    if (found.nothing() || (out_.networks.empty() && out_.sets.empty() && out_.record_sets.empty())) nothing_recognised();
    for (ReleaseNetwork& network : out_.networks) work_on(network);
    out_.rows = row_outcomes(rows_, out_.networks, out_.sets);
    list_missing();
    return std::move(out_);
  }

 private:
  void say(const std::string& text) const { request_.measure.note(text); }

  void recognise_file(const fs::path& file) {
    const std::string name = name_of(file, request_.folder);
    try {
      const WeightsFile weights(file);
      const Recognised seen = recognise(weights.tensors());
      if (!seen.fault.empty()) return useless(file, seen.fault);
      const NameHints hints = name_hints(name, seen, rows_);
      for (const bool landmarks : token_kinds(seen, hints)) add(file, seen, hints, landmarks);
    } catch (const std::exception& error) {
      useless(file, sentence_of(error));
    }
  }

  void useless(const fs::path& file, const std::string& why) {
    out_.useless.push_back({file, why});
    say(fmt::format("{}: {}", name_of(file, request_.folder), why));
  }

  /// Whether the tokens of a network are patches at landmarks. A pre-training leaves both open: its name decides, else the head, else both
  /// are tried.
  static std::vector<bool> token_kinds(const Recognised& seen, const NameHints& hints) {
    if (seen.kind != NetworkKind::self_supervised) return {seen.kind == NetworkKind::part_fvit};
    if (hints.dino != hints.lafs) return {hints.lafs};
    if (seen.prototypes == 100000) return {true};
    return {false, true};
  }

  void add(const fs::path& file, const Recognised& seen, const NameHints& hints, bool landmarks) {
    ReleaseNetwork network{.plan = network_plan(file, seen, landmarks), .seen = seen, .hints = hints};
    network.plan.name = name_of(file, request_.folder);
    const bool borrows = landmarks && seen.kind == NetworkKind::self_supervised;
    const bool twin = !out_.networks.empty() && out_.networks.back().plan.file == file;
    if (twin) network.plan.name += " (at landmarks)";
    network.seen.text += seen.kind != NetworkKind::self_supervised ? ""
                         : borrows                                 ? "; its tokens are patches at landmarks, as in LAFS"
                                                                   : "; its tokens are a grid of patches, as in DINO";
    const bool supervised = seen.kind == NetworkKind::part_fvit || seen.kind == NetworkKind::fvit;
    if (supervised && std::none_of(rows_.begin(), rows_.end(), [&](const ReleaseRow& row) { return may_be_of(row, seen); }))
      network.hints.remarks.emplace_back("no row has a file of this kind, these sizes and this number of classes");
    if (supervised && seen.classes == 0) network.hints.remarks.emplace_back("without a class matrix it may be the file of any row");
    say(fmt::format("{}: {}", network.plan.name, network.seen.text));
    out_.networks.push_back(std::move(network));
  }

  void nothing_recognised() const {
    std::string why = fmt::format(
        "nothing was recognised in \"{}\": no weights (.pth, .pt, .pth.tar, .safetensors), no verification set (.bin), no IJB folder",
        request_.folder.string());
    if (!out_.useless.empty()) why += fmt::format("; \"{}\": {}", out_.useless.front().file.filename().string(), out_.useless.front().why);
    throw Error(why);
  }

  /// A checkpoint of LAFS has no landmark CNN of its own: that of a supervised network, of row A by its name where there is one.
  bool borrow_landmarks(ReleaseNetwork& network) const {
    const auto fits = [&](const ReleaseNetwork& other) {
      return other.seen.kind == NetworkKind::part_fvit && other.fault.empty() && other.seen.shape.landmarks <= network.seen.shape.positions;
    };
    const ReleaseNetwork* chosen = nullptr;
    for (const ReleaseNetwork& other : out_.networks)
      if (fits(other) && (!chosen || (other.hints.row == "row_a" && chosen->hints.row != "row_a"))) chosen = &other;
    if (!chosen) return false;
    network.plan.landmarks = chosen->plan.file;
    network.seen.shape.landmarks = chosen->seen.shape.landmarks;
    network.plan.options = network_plan(network.plan.file, network.seen, true).options;
    say(fmt::format("{}: the landmark CNN is that of \"{}\"", network.plan.name, chosen->plan.name));
    return true;
  }

  void work_on(ReleaseNetwork& network) {
    if (network.seen.kind == NetworkKind::self_supervised && network.plan.backbone == "part_fvit" && !borrow_landmarks(network)) {
      network.fault = "its patches lie at landmarks, and no supervised Part-fViT is here whose landmark CNN could find them";
      return say(fmt::format("{}: {}", network.plan.name, network.fault));
    }
    try {
      const ImportedNetwork imported = import_network(network.plan, registry_);
      network.accounts = imported.texts;
      network.details = imported.accounts;
      network.hash = imported.hash;
      network.fault = imported.fault;
      for (const std::string& text : imported.texts) say(fmt::format("{}: {}", network.plan.name, text));
      if (network.fault.empty() && !same_as_earlier(network)) measure_all(network, imported);
    } catch (const std::exception& error) {
      network.fault = sentence_of(error);
      say(fmt::format("{}: {}", network.plan.name, network.fault));
    }
  }

  bool same_as_earlier(ReleaseNetwork& network) const {
    for (const ReleaseNetwork& earlier : out_.networks) {
      if (&earlier == &network) return false;
      if (earlier.fault.empty() && earlier.hash == network.hash && earlier.plan.backbone == network.plan.backbone) {
        network.same_as = earlier.plan.name;
        return true;
      }
    }
    return false;
  }

  void measure_all(ReleaseNetwork& network, const ImportedNetwork& imported) {
    for (const InputContract& input : release_contracts(request_.published_only))
      for (const ReleaseSet& set : out_.sets)
        if (set.fault.empty()) network.measurements.push_back(measure(network.plan, imported, set, input, request_.measure, registry_));
  }

  void list_missing() {
    for (const PublishedSet& known : published_sets()) {
      const auto is_known = [&](const ReleaseSet& set) { return set.name == known.name; };
      if (std::none_of(out_.sets.begin(), out_.sets.end(), is_known))
        out_.missing.push_back(fmt::format("{}: {}", known.name, known.where));
    }
    const auto is_there = [&](const RowOutcome& row) {
      return std::any_of(out_.networks.begin(), out_.networks.end(),
                         [&](const ReleaseNetwork& network) { return may_be_of(row.row, network.seen); });
    };
    for (const RowOutcome& row : out_.rows)
      if (!is_there(row))
        out_.missing.push_back(fmt::format("weights of row \"{}\": {}", row.row.title, row.row.values.front().published.source));
    const auto of = [&](const char* backbone) {
      return std::any_of(out_.networks.begin(), out_.networks.end(), [&](const ReleaseNetwork& network) {
        return network.seen.kind == NetworkKind::self_supervised && network.plan.backbone == backbone;
      });
    };
    const char* where = "README of LAFS_CVPR2024, self-supervised checkpoints; no number is published for it";
    if (!of("part_fvit")) out_.missing.push_back(fmt::format("checkpoint of LAFS pre-training, 1-shot WebFace4M: {}", where));
    if (!of("fvit")) out_.missing.push_back(fmt::format("checkpoint of DINO pre-training, 1-shot WebFace4M: {}", where));
  }

  const VerifyReleaseRequest& request_;
  Registry& registry_;
  std::vector<ReleaseRow> rows_;
  ReleaseReport out_;
};

}  // namespace

bool ReleaseReport::has_faults() const {
  const auto broken = [](const ReleaseNetwork& network) {
    return !network.fault.empty() ||
           std::any_of(network.measurements.begin(), network.measurements.end(), [](const Measurement& one) { return !one.fault.empty(); });
  };
  return !useless.empty() || std::any_of(networks.begin(), networks.end(), broken) ||
         std::any_of(sets.begin(), sets.end(), [](const ReleaseSet& set) { return !set.fault.empty(); });
}

bool ReleaseReport::has(Verdict verdict) const {
  for (const RowOutcome& row : rows)
    for (const ValueOutcome& value : row.values)
      if (value.verdict == verdict) return true;
  return false;
}

ReleaseReport verify_release(const VerifyReleaseRequest& request, Registry& registry) {
  ReleaseReport report = Verification(request, registry).run();
  if (const fs::path& out = request.measure.out; !out.empty()) {
    fs::create_directories(out);
    write_json(out / "report.json", release_json(report));
  }
  return report;
}

}  // namespace lafs
