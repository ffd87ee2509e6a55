#include "runner/tools/release/recognise.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"

namespace lafs {

namespace {

constexpr int64_t head_width = 64;  // of every published fViT; the tensors only tell how wide all heads are together

/// Tensors of one network in a file, by their names without the prefixes that wrappers add (models.md 13.9).
using Named = std::map<std::string, const StoredTensor*, std::less<>>;

Named named_below(const std::vector<StoredTensor>& tensors, std::string_view part) {
  Named out;
  for (const StoredTensor& tensor : tensors) {
    std::string_view name = tensor.name;
    if (!name.starts_with(part)) continue;
    name.remove_prefix(part.size());
    for (bool stripped = true; stripped;) {
      stripped = false;
      for (const std::string_view prefix : {"module.", "backbone.", "encoder."}) {
        if (!name.starts_with(prefix)) continue;
        name.remove_prefix(prefix.size());
        stripped = true;
      }
    }
    out.emplace(name, &tensor);
  }
  return out;
}

bool any_below(const Named& named, std::string_view prefix) {
  const auto first = named.lower_bound(prefix);
  return first != named.end() && first->first.starts_with(prefix);
}

/// One size of a tensor. Throws Error where it is not there.
int64_t size_of(const Named& named, std::string_view name, size_t axis, size_t axes) {
  const auto found = named.find(name);
  if (found == named.end()) throw Error(fmt::format("it has no tensor \"{}\"", name));
  const StoredTensor& tensor = *found->second;
  if (!tensor.problem.empty()) throw Error(fmt::format("its tensor \"{}\" cannot be read: {}", name, tensor.problem));
  if (tensor.shape.size() != axes)
    throw Error(
        fmt::format("its tensor \"{}\" has the shape [{}], where {} sizes are expected", name, fmt::join(tensor.shape, ", "), axes));
  return tensor.shape[axis];
}

int64_t blocks_of(const Named& named) {
  constexpr std::string_view layers = "transformer.layers.";
  std::set<std::string> numbers;
  for (auto one = named.lower_bound(layers); one != named.end() && one->first.starts_with(layers); ++one)
    numbers.insert(one->first.substr(layers.size(), one->first.find('.', layers.size()) - layers.size()));
  return std::ssize(numbers);
}

/// Throws Error for what is missing.
NetworkShape shape_of(const Named& named) {
  NetworkShape shape;
  shape.dim = size_of(named, "cls_token", 2, 3);
  shape.positions = size_of(named, "pos_embedding", 1, 3) - 1;
  shape.depth = blocks_of(named);
  shape.mlp_dim = size_of(named, "transformer.layers.0.1.fn.fn.net.0.weight", 0, 2);
  const int64_t inner = size_of(named, "transformer.layers.0.0.fn.fn.to_qkv.weight", 0, 2) / 3;
  shape.dim_head = inner % head_width == 0 ? head_width : inner;
  shape.heads = shape.dim_head > 0 ? inner / shape.dim_head : 0;
  const int64_t numbers = size_of(named, "patch_to_embedding.weight", 1, 2);
  for (int64_t side = 1; 3 * side * side <= numbers; ++side) shape.patch = side;
  if (any_below(named, "stn.")) shape.landmarks = size_of(named, "output_layer.1.weight", 0, 2) / 2;
  return shape;
}

std::string sizes_text(const NetworkShape& shape) {
  std::string text = fmt::format("{} wide, {} blocks, {} {}", shape.dim, shape.depth, shape.heads, shape.heads == 1 ? "head" : "heads");
  if (shape.landmarks > 0) text += fmt::format(", {} landmarks", shape.landmarks);
  return text;
}

/// What a file without the tensors of an fViT seems to be.
std::string other_network(const Named& named, const std::vector<StoredTensor>& tensors) {
  if (any_below(named, "patch_embed.proj.")) return "a ViT with a convolution for its patches, as DINO and timm have it";
  if (any_below(named, "layer1.0.")) return "a ResNet or iResNet";
  if (any_below(named, "stn.")) return "a landmark CNN without the fViT that belongs to it";
  std::vector<std::string> first;
  for (size_t i = 0; i < std::min<size_t>(3, tensors.size()); ++i) first.push_back(fmt::format("\"{}\"", tensors[i].name));
  return fmt::format("{} {}, such as {}", tensors.size(), tensors.size() == 1 ? "tensor" : "tensors", fmt::join(first, ", "));
}

/// The dictionary of a supervised file that its tensors lie in.
std::string_view container_of(const std::vector<StoredTensor>& tensors) {
  for (const std::string_view key : {"state_dict.", "model_state_dict.", "model."}) {
    const auto below = [&](const StoredTensor& tensor) { return tensor.name.starts_with(key); };
    if (std::any_of(tensors.begin(), tensors.end(), below)) return key;
  }
  return "";
}

void read_network(const Named& named, const std::string& what, Recognised& out) {
  try {
    out.shape = shape_of(named);
    if (named.contains("loss.weight")) out.classes = size_of(named, "loss.weight", 0, 2);
    if (named.contains("head.last_layer.weight_v")) out.prototypes = size_of(named, "head.last_layer.weight_v", 0, 2);
  } catch (const Error& error) {
    out.kind = NetworkKind::other;
    out.fault = fmt::format("it looks like a {}, but {}", what, error.what());
  }
}

bool has_part(const std::vector<StoredTensor>& tensors, std::string_view key) {
  return std::any_of(tensors.begin(), tensors.end(), [&](const StoredTensor& tensor) { return tensor.name.starts_with(key); });
}

/// A file of one network, trained with labels.
Recognised supervised(const std::vector<StoredTensor>& tensors) {
  Recognised out;
  const Named named = named_below(tensors, container_of(tensors));
  if (!named.contains("patch_to_embedding.weight")) {
    out.fault = fmt::format("it is no network of a released file: it has {}", other_network(named, tensors));
    return out;
  }
  const bool landmarks = any_below(named, "stn.");
  out.kind = landmarks ? NetworkKind::part_fvit : NetworkKind::fvit;
  const std::string what = landmarks ? "supervised Part-fViT" : "supervised fViT";
  read_network(named, what, out);
  if (!out.fault.empty()) return out;
  out.text = fmt::format("{}: {}; {}", what, sizes_text(out.shape),
                         out.classes > 0 ? fmt::format("class matrix of {} rows", grouped_number(out.classes)) : "no class matrix");
  return out;
}

/// checkpoint.pth of a pre-training.
Recognised pretraining(const std::vector<StoredTensor>& tensors) {
  Recognised out;
  const Named teacher = named_below(tensors, "teacher.");
  if (!teacher.contains("patch_to_embedding.weight")) {
    out.fault = fmt::format("it is a checkpoint of a pre-training, but not of an fViT: its teacher is {}", other_network(teacher, tensors));
    return out;
  }
  out.kind = NetworkKind::self_supervised;
  read_network(teacher, "checkpoint of a pre-training", out);
  if (!out.fault.empty()) return out;
  out.text = fmt::format("checkpoint of a pre-training: fViT, {}; projection head with {} outputs", sizes_text(out.shape),
                         grouped_number(out.prototypes));
  return out;
}

}  // namespace

std::string grouped_number(int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = std::ssize(text) - 3; at > 0; at -= 3) text.insert(static_cast<size_t>(at), ",");
  return text;
}

Recognised recognise(const std::vector<StoredTensor>& tensors) {
  if (has_part(tensors, "teacher.")) return pretraining(tensors);
  if (has_part(tensors, "student.")) {
    Recognised out;
    out.fault = "it is a checkpoint of a pre-training without \"teacher\", which is the network that is used";
    return out;
  }
  return supervised(tensors);
}

}  // namespace lafs
