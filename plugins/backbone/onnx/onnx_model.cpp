#include "onnx_model.h"

#include <map>
#include <set>

#include "protobuf.h"

namespace lafs {

namespace {

using protobuf::content_field;
using protobuf::field_of;
using protobuf::Message;
using protobuf::number_field;

// Numbers of fields, from onnx.proto.
namespace model_proto {
constexpr uint32_t graph = 7;
}
namespace graph_proto {
constexpr uint32_t node = 1, initializer = 5, input = 11;
}
namespace node_proto {
constexpr uint32_t input = 1, output = 2, op_type = 4;
}
namespace tensor_proto {
constexpr uint32_t name = 8, data_location = 14;
}
namespace value_info {
constexpr uint32_t name = 1, type = 2, tensor = 1, shape = 2, dim = 1, dim_value = 1, dim_param = 2;
}

std::set<std::string_view> stored_names(std::string_view graph) {
  std::set<std::string_view> names;
  for (Message field(graph); field.next();) {
    if (field.number == graph_proto::initializer) names.insert(field_of(field.content, tensor_proto::name));
  }
  return names;
}

/// The content of the graph's first input that is not a stored tensor.
std::optional<std::string_view> picture_input(std::string_view graph) {
  const std::set<std::string_view> stored = stored_names(graph);
  for (Message field(graph); field.next();) {
    if (field.number == graph_proto::input && !stored.contains(field_of(field.content, value_info::name))) return field.content;
  }
  return std::nullopt;
}

std::vector<Dim> dims_of(std::string_view value) {
  std::vector<Dim> dims;
  const std::string_view shape = field_of(field_of(field_of(value, value_info::type), value_info::tensor), value_info::shape);
  for (Message field(shape); field.next();) {
    if (field.number != value_info::dim) continue;
    Dim dim;
    for (Message part(field.content); part.next();) {
      if (part.number == value_info::dim_value) dim.size = static_cast<int64_t>(part.value);
      if (part.number == value_info::dim_param) dim.name = part.content;
    }
    dims.push_back(std::move(dim));
  }
  return dims;
}

/// The same message with the content of each field of that number changed.
template <typename Change>
std::string changed(std::string_view message, uint32_t number, const Change& change) {
  std::string out;
  for (Message field(message); field.next();) {
    out += field.number == number ? content_field(number, change(field.content)) : std::string(field.whole);
  }
  return out;
}

/// A ValueInfoProto with the sizes that it leaves open filled in.
std::string filled(std::string_view value, const std::vector<int64_t>& sizes) {
  size_t axis = 0;
  const auto dim = [&](std::string_view one) {
    const int64_t wanted = axis < sizes.size() ? sizes[axis] : 1;
    ++axis;
    for (Message part(one); part.next();) {
      if (part.number == value_info::dim_value && static_cast<int64_t>(part.value) > 0) return std::string(one);
    }
    return number_field(value_info::dim_value, static_cast<uint64_t>(wanted));
  };
  return changed(value, value_info::type, [&](std::string_view type) {
    return changed(type, value_info::tensor, [&](std::string_view tensor) {
      return changed(tensor, value_info::shape, [&](std::string_view shape) { return changed(shape, value_info::dim, dim); });
    });
  });
}

/// Names of stored tensors, by the names that nodes "Identity" give them. Nodes come in the order in which they run.
std::map<std::string_view, std::string_view> second_names(std::string_view graph) {
  const std::set<std::string_view> stored = stored_names(graph);
  std::map<std::string_view, std::string_view> names;
  for (Message field(graph); field.next();) {
    if (field.number != graph_proto::node || field_of(field.content, node_proto::op_type) != "Identity") continue;
    std::string_view from = field_of(field.content, node_proto::input);
    if (const auto earlier = names.find(from); earlier != names.end()) from = earlier->second;
    if (stored.contains(from)) names[field_of(field.content, node_proto::output)] = from;
  }
  return names;
}

std::string prepared_graph(std::string_view graph, const std::vector<int64_t>& sizes) {
  const auto names = second_names(graph);
  const auto picture = picture_input(graph);
  std::string out;
  for (Message field(graph); field.next();) {
    if (field.number == graph_proto::node) {
      if (names.contains(field_of(field.content, node_proto::output))) continue;
      out += content_field(graph_proto::node, changed(field.content, node_proto::input, [&](std::string_view input) {
                             const auto other = names.find(input);
                             return std::string(other == names.end() ? input : other->second);
                           }));
    } else if (field.number == graph_proto::input && picture && field.content.data() == picture->data()) {
      out += content_field(graph_proto::input, filled(field.content, sizes));
    } else {
      out += field.whole;
    }
  }
  return out;
}

}  // namespace

std::optional<std::vector<Dim>> onnx_input(std::string_view model) {
  const auto input = picture_input(field_of(model, model_proto::graph));
  return input ? std::optional(dims_of(*input)) : std::nullopt;
}

bool has_external_data(std::string_view model) {
  for (Message field(field_of(model, model_proto::graph)); field.next();) {
    if (field.number != graph_proto::initializer) continue;
    for (Message part(field.content); part.next();) {
      if (part.number == tensor_proto::data_location && part.value == 1) return true;
    }
  }
  return false;
}

std::string prepared_onnx(std::string_view model, const InputContract& input) {
  return changed(model, model_proto::graph,
                 [&](std::string_view graph) { return prepared_graph(graph, {1, 3, input.height, input.width}); });
}

}  // namespace lafs
