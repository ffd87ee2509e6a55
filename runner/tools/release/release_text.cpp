#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernel/results/results_table.h"
#include "kernel/results/text_width.h"
#include "runner/tools/release/verify_release.h"

namespace lafs {

namespace {

using Cells = std::vector<std::string>;

std::string table_text(const std::vector<Cells>& lines) {
  std::vector<size_t> width(lines.front().size());
  for (const Cells& line : lines)
    for (size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], text_width(line[i]));
  std::string out;
  for (const Cells& line : lines) {
    std::string text = "    ";
    for (size_t i = 0; i < line.size(); ++i) text += padded_right(line[i], width[i]) + "  ";
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string networks_text(const ReleaseReport& report) {
  std::string out;
  for (const ReleaseNetwork& network : report.networks) {
    out += fmt::format("  {}\n    {}\n", network.plan.name, network.seen.text);
    for (const std::string& account : network.accounts) out += fmt::format("    {}\n", account);
    for (const std::string& remark : network.hints.remarks) out += fmt::format("    note: {}\n", remark);
    if (!network.same_as.empty()) out += fmt::format("    the same tensors as \"{}\", which is measured\n", network.same_as);
    if (!network.fault.empty()) out += fmt::format("    not measured: {}\n", network.fault);
  }
  for (const UselessFile& file : report.useless)
    out += fmt::format("  {}\n    not used: {}\n", file.file.lexically_relative(report.folder).string(), file.why);
  return out.empty() ? "  none\n" : out;
}

std::string sets_text(const ReleaseReport& report) {
  std::vector<Cells> lines;
  for (const ReleaseSet& set : report.sets)
    lines.push_back(
        {set.name, set.path.lexically_relative(report.folder).string(), set.fault.empty() ? set.text : "not used: " + set.fault});
  for (const auto& file : report.record_sets)
    lines.push_back({"training set", file.lexically_relative(report.folder).string(), "record set; not needed to measure"});
  return lines.empty() ? "  none\n" : table_text(lines);
}

std::string result_text(const Measurement& one, const std::string& metric) {
  if (!one.fault.empty()) return "failed";
  const auto& values = one.result.metrics.values;
  const auto found = std::find_if(values.begin(), values.end(), [&](const Metric& value) { return value.full_name() == metric; });
  return found == values.end() ? "-" : metric_text(*found);
}

/// A line for each set, a column for each contract.
std::string network_table(const ReleaseNetwork& network, const std::vector<ReleaseSet>& sets) {
  std::vector<Cells> lines{{"set", "metric"}};
  std::vector<InputContract> contracts;
  for (const Measurement& one : network.measurements) {
    if (std::find(contracts.begin(), contracts.end(), one.input) != contracts.end()) continue;
    contracts.push_back(one.input);
    lines.front().push_back(fmt::format("{} {}{}", scaling_text(one.input), one.input.colour, is_published(one.input) ? " *" : ""));
  }
  for (const ReleaseSet& set : sets) {
    Cells line{set.name, set.metric};
    for (const InputContract& input : contracts)
      for (const Measurement& one : network.measurements)
        if (one.set == set.name && one.input == input) line.push_back(result_text(one, set.metric));
    if (line.size() > 2) lines.push_back(std::move(line));
  }
  std::string out = table_text(lines);
  for (const Measurement& one : network.measurements)
    if (!one.fault.empty()) out += fmt::format("    {}, {} {}: {}\n", one.set, scaling_text(one.input), one.input.colour, one.fault);
  return out;
}

std::string measurements_text(const ReleaseReport& report) {
  std::string out;
  for (const ReleaseNetwork& network : report.networks)
    if (!network.measurements.empty()) out += fmt::format("  {}\n{}", network.plan.name, network_table(network, report.sets));
  return out.empty() ? "  nothing\n" : out + "  * the published convention\n";
}

std::string value_text(const ValueOutcome& value) {
  const PublishedValue& published = value.value.published;
  std::string out = fmt::format("  {:<12}  {}, {}: published {:.2f} %, tolerance {:.2f} ({})\n", verdict_text(value.verdict),
                                value.value.set, published.metric, 100 * published.value, 100 * published.tolerance, published.source);
  for (const RowComparison& one : value.comparisons) {
    Metric plain = one.measured;
    plain.low = plain.high = NAN;
    out += fmt::format("                {}: {} measured, {}{}: {}\n", verdict_text(one.verdict), metric_text(plain), one.input.colour,
                       one.interval_of.empty() ? ", without an interval"
                                               : fmt::format(", 95 % interval of {} [{:.2f}, {:.2f}]", one.interval_of,
                                                             100 * one.measured.low, 100 * one.measured.high),
                       one.network);
  }
  if (!value.why.empty()) out += fmt::format("                {}\n", value.why);
  return out;
}

std::string rows_text(const ReleaseReport& report) {
  std::string out;
  for (const RowOutcome& row : report.rows) {
    out += fmt::format("\n{}\n", row.row.title);
    for (const std::string& note : row.notes) out += fmt::format("  {}\n", note);
    for (const ValueOutcome& value : row.values) out += value_text(value);
  }
  return out;
}

}  // namespace

std::string release_text(const ReleaseReport& report) {
  std::string out = fmt::format("weights in {}\n{}\nsets\n{}\nmeasured\n{}", report.folder.string(), networks_text(report),
                                sets_text(report), measurements_text(report)) +
                    rows_text(report);
  if (!report.missing.empty()) out += "\nnot here\n";
  for (const std::string& missing : report.missing) out += fmt::format("  {}\n", missing);
  for (const std::string& note : report.notes) out += fmt::format("note: {}\n", note);
  return out;
}

}  // namespace lafs
