#include "kernel/model/filled_parts.h"

#include <algorithm>
#include <cctype>

#include "lafs/backbone.h"
#include "nn/layers/tree.h"

namespace lafs {

namespace {

constexpr size_t most_globs = 4;

/// The modules on the way to a name, from the top: path and module.
std::vector<std::pair<std::string, const torch::nn::Module*>> modules_on_the_way(const torch::nn::Module& target, const std::string& name) {
  std::vector<std::pair<std::string, const torch::nn::Module*>> way;
  const torch::nn::Module* at = &target;
  for (size_t dot = name.find('.'), begin = 0; dot != std::string::npos; begin = dot + 1, dot = name.find('.', begin)) {
    const auto children = at->named_children();
    const auto* child = children.find(name.substr(begin, dot - begin));
    if (!child) break;
    at = child->get();
    way.emplace_back(name.substr(0, dot), at);
  }
  return way;
}

bool is_real(const std::string& dtype) { return dtype == "F32" || dtype == "F64" || dtype == "F16" || dtype == "BF16"; }

std::string parent_of(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// "blocks.*.ls1.*" of "blocks.11.ls1.*".
std::string without_numbers(const std::string& glob) {
  std::string out;
  for (size_t begin = 0; begin <= glob.size();) {
    const size_t dot = std::min(glob.find('.', begin), glob.size());
    const std::string part = glob.substr(begin, dot - begin);
    const bool number = !part.empty() && std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    out += (begin == 0 ? "" : ".") + (number ? "*" : part);
    begin = dot + 1;
  }
  return out;
}

}  // namespace

FilledParts::FilledParts(const torch::nn::Module& target, const std::vector<std::string>& loaded)
    : target_(target), loaded_(loaded.begin(), loaded.end()) {
  for (const auto& [name, tensor] : nn::state_of(target)) {
    if (loaded_.contains(name) && tensor.dim() > 0) widths_[parent_of(name)].insert(tensor.size(-1));
  }
}

/// The path of the backbone that a name lies in; the target itself is one, too.
std::string FilledParts::network_of(const std::string& name) const {
  std::string network;
  for (const auto& [path, module] : modules_on_the_way(target_, name)) {
    if (dynamic_cast<const Backbone*>(module)) network = path;
  }
  return network;
}

bool FilledParts::hold(const std::string& name, const StoredTensor& stored) const {
  if (!stored.problem.empty() || !is_real(stored.dtype)) return false;
  if (std::find(stored.shape.begin(), stored.shape.end(), 0) != stored.shape.end()) return false;
  const std::string network = network_of(name);
  if (parent_of(name) == network) {
    const auto widths = widths_.find(network);
    return !stored.shape.empty() && widths != widths_.end() && widths->second.contains(stored.shape.back());
  }
  for (std::string part = parent_of(name); part != network; part = parent_of(part)) {
    const auto first = loaded_.lower_bound(part + ".");
    if (first != loaded_.end() && first->starts_with(part + ".")) return true;
  }
  return false;
}

/// As far as the target has modules of that name.
std::string FilledParts::known_part(const std::string& name) const {
  const auto way = modules_on_the_way(target_, name);
  return way.empty() ? "" : way.back().first + ".";
}

std::vector<std::string> FilledParts::globs(const std::vector<std::string>& names) const {
  std::set<std::string> found;
  for (const std::string& name : names) {
    const size_t dot = name.find('.', known_part(name).size());
    found.insert(dot == std::string::npos ? name : name.substr(0, dot) + ".*");
  }
  if (found.size() > most_globs) {
    std::set<std::string> wider;
    for (const std::string& glob : found) wider.insert(without_numbers(glob));
    found = std::move(wider);
  }
  if (found.size() > most_globs) return {"*"};
  return {found.begin(), found.end()};
}

}  // namespace lafs
