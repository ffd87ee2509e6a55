#include "kernel/evaluate/layer_exchange.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"

namespace lafs {

namespace {

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Parameters and buffers, by name within the module.
Tensors tensors_of(const torch::nn::Module& module, bool recurse) {
  Tensors all;
  for (const auto& item : module.named_parameters(recurse)) all.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers(recurse)) all.emplace_back(item.key(), item.value());
  return all;
}

/// Names and shapes: layers with the same text can take each other's weights. Empty without weights.
std::string shape_text(const Tensors& tensors) {
  std::string text;
  for (const auto& [name, tensor] : tensors) text += fmt::format("{} [{}];", name, fmt::join(tensor.sizes(), ","));
  return text;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') == std::string::npos ? 0 : path.rfind('.') + 1); }

/// A layer of a network that may be exchanged, at its place in the order of the network.
struct Layer {
  std::string path;
  size_t place;
};

using Groups = std::map<std::string, std::vector<Layer>>;

void add_pairs(const Groups& groups, std::vector<std::pair<std::string, std::string>>& pairs) {
  struct Found {
    size_t distance, place;
    std::pair<std::string, std::string> layers;
  };
  std::vector<Found> found;
  for (const auto& [shape, layers] : groups) {
    for (size_t i = 0; i < layers.size(); ++i) {
      for (size_t k = i + 1; k < layers.size(); ++k) {
        found.push_back({layers[k].place - layers[i].place, layers[i].place, {layers[i].path, layers[k].path}});
      }
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return std::pair(a.distance, a.place) < std::pair(b.distance, b.place); });
  for (Found& one : found) pairs.push_back(std::move(one.layers));
}

void exchange(Tensors& first, Tensors& second) {
  for (size_t i = 0; i < first.size(); ++i) {
    const at::Tensor kept = first[i].second.clone();
    first[i].second.copy_(second[i].second);
    second[i].second.copy_(kept);
  }
}

/// None where the network gives no finite embeddings with the weights as they are.
std::vector<double> scores_or_none(const std::function<std::vector<double>()>& scorer) {
  try {
    return scorer();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> exchangeable_layers(torch::nn::Module& network) {
  Groups blocks, layers;
  size_t place = 0;
  for (const auto& item : network.named_modules("", /*include_self=*/false)) {
    ++place;
    const Tensors own = tensors_of(*item.value(), false), all = tensors_of(*item.value(), true);
    if (is_number(last_name(item.key())) && !all.empty() && own.size() < all.size()) blocks[shape_text(all)].push_back({item.key(), place});
    if (!own.empty()) layers[shape_text(own)].push_back({item.key(), place});
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  add_pairs(blocks, pairs);
  add_pairs(layers, pairs);
  return pairs;
}

void exchange_layers(torch::nn::Module& network, const std::string& first, const std::string& second) {
  const at::NoGradGuard no_grad;
  const auto modules = network.named_modules("", /*include_self=*/false);
  const bool whole = is_number(last_name(first));
  Tensors one = tensors_of(*modules[first], whole), other = tensors_of(*modules[second], whole);
  exchange(one, other);
}

ExchangeSearch search_exchanges(torch::nn::Module& network, std::span<const uint8_t> same,
                                const std::function<std::vector<double>()>& scorer, const ExchangeOptions& options) {
  const at::NoGradGuard no_grad;
  const auto pairs = exchangeable_layers(network);
  ExchangeSearch out{.found = std::nullopt, .tried = 0, .candidates = static_cast<int64_t>(pairs.size())};
  const std::vector<double> before = scorer();
  const auto start = std::chrono::steady_clock::now();
  for (const auto& [first, second] : pairs) {
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > options.seconds) break;
    exchange_layers(network, first, second);
    const std::vector<double> after = scores_or_none(scorer);
    exchange_layers(network, first, second);
    ++out.tried;
    if (after.empty()) continue;
    const auto gain = metrics::separation_gain(before, after, same, options.samples, 1);
    if (gain.significance() < options.doubtful || gain.gain() < options.least * std::abs(gain.after)) continue;
    std::optional<LayerExchange>& place = gain.significance() < options.sure ? out.doubtful : out.found;
    if (!place || gain.gain() > place->gain.gain()) place = LayerExchange{first, second, gain};
  }
  return out;
}

}  // namespace lafs
