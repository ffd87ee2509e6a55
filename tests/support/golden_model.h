#pragma once
/// Backbones with the sizes that the settings file of a golden set gives.
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/input.h"
#include "support/front_door.h"
#include "support/golden.h"

namespace lafs::test {

/// A setting of a golden file and the option of ours that it is.
struct OptionName {
  std::string_view in_file, option;
};

/// A line of TOML for each of these settings that the file has.
inline std::string options_from(const nlohmann::json& settings, const std::vector<OptionName>& names) {
  std::string text;
  for (const auto& [in_file, option] : names) {
    const std::string key(in_file);
    if (settings.contains(key)) text += fmt::format("{} = {}\n", option, settings.at(key).dump());
  }
  return text;
}

/// The files give the attention's scale as a number; ours is one of two rules (quirk M1).
inline std::string attention_rule(const nlohmann::json& settings) {
  if (!settings.contains("attention_scale")) return "";
  const double scale = settings.at("attention_scale");
  for (const auto& [rule, width] : {std::pair("width", "dim"), {"head", "dim_head"}}) {
    if (std::abs(scale - 1 / std::sqrt(settings.at(width).get<double>())) < 1e-9) return fmt::format("attention_scale = \"{}\"\n", rule);
  }
  throw Error(fmt::format("attention_scale = {} is neither dim^-1/2 nor dim_head^-1/2", scale));
}

/// Options of backbone "fvit" or "part_fvit". Where a file names no dropout, the tests run the network without chance.
inline std::string fvit_options(const nlohmann::json& settings) {
  return attention_rule(settings) + options_from(settings, {{"patch", "patch"},
                                                            {"patch_size", "patch"},
                                                            {"num_patches", "num_patches"},
                                                            {"dim", "dim"},
                                                            {"depth", "depth"},
                                                            {"heads", "heads"},
                                                            {"dim_head", "dim_head"},
                                                            {"mlp_dim", "mlp_dim"},
                                                            {"pool", "pool"},
                                                            {"num_class", "class_head"},
                                                            {"dropout", "dropout"},
                                                            {"dropout", "emb_dropout"},
                                                            {"drop_path", "drop_path"}});
}

/// Options of backbone "vit".
inline std::string vit_options(const nlohmann::json& settings) {
  return "size = \"custom\"\n" + options_from(settings, {{"img_size", "img_size"},
                                                         {"patch_size", "patch"},
                                                         {"embed_dim", "dim"},
                                                         {"depth", "depth"},
                                                         {"heads", "heads"},
                                                         {"mlp_ratio", "mlp_ratio"},
                                                         {"qkv_bias", "qkv_bias"},
                                                         {"layer_norm_eps", "eps"},
                                                         {"dropout", "dropout"},
                                                         {"drop_path", "drop_path"}});
}

inline std::string backbone_options(const std::string& plugin, const nlohmann::json& settings) {
  return plugin == "vit" ? vit_options(settings) : fvit_options(settings);
}

/// Square pictures of the side that the file gives, or else of `otherwise` pixels.
inline InputContract input_from(const nlohmann::json& settings, int64_t otherwise = 112) {
  InputContract input;
  input.height = input.width = settings.value("image", settings.value("img_size", otherwise));
  return input;
}

inline std::shared_ptr<Backbone> model_from(const std::string& plugin, const nlohmann::json& settings) {
  return make<Backbone>(plugin, backbone_options(plugin, settings), input_from(settings));
}

}  // namespace lafs::test
