#include "kernel/run/failed_step.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/fingerprint.h"
#include "kernel/data/loader.h"
#include "kernel/train/trainer.h"
#include "lafs/error.h"

namespace lafs {

namespace {

FedBatch fed_batch(const LoadedBatch& batch, const ViewLayout& layout, FirstNotFinite& watch) {
  FedBatch fed{batch.micro, {}, batch.keys, ""};
  const at::Tensor indices = batch.indices().cpu();
  fed.indices.assign(indices.data_ptr<int64_t>(), indices.data_ptr<int64_t>() + indices.numel());
  formats::Fingerprint digest;
  for (const ViewGroup& group : layout) {
    const at::Tensor views = batch.views(group.name).contiguous();
    watch.look_at_input(views, fmt::format("views \"{}\" of micro-batch {}", group.name, batch.micro));
    const at::Tensor host = views.cpu();
    digest.add(std::string_view(static_cast<const char*>(host.data_ptr()), host.nbytes()));
  }
  fed.digest = digest.hex();
  return fed;
}

}  // namespace

std::optional<FailedStep> examine_step(int64_t step, const Recipe& recipe, const Epochs& epochs, Trainer& trainer,
                                       std::shared_ptr<const DataSource> source, RecipeAssembly& assembly, at::Device device) {
  FailedStep out;
  out.step = step;
  const auto augmentation = assembly.augmentation();
  Loader loader(std::move(source), augmentation, recipe.input,
                loader_options(recipe.run, epochs.first_micro(step), epochs.first_micro(step + 1)), device);
  FirstNotFinite watch(trainer.root());
  try {
    trainer.step(epochs.timeline(step), [&] {
      const auto batch = loader.next();
      out.fed.push_back(fed_batch(*batch, augmentation->layout(), watch));
      return batch;
    });
  } catch (const NotFinite& error) {
    out.what = error.what();
    out.losses = error.losses;
    out.first = watch.found();
    return out;
  }
  return std::nullopt;
}

nlohmann::json failed_step_json(const FailedStep& failed) {
  nlohmann::json out{{"step", failed.step},
                     {"what", failed.what},
                     {"first", not_finite_text(failed.first)},
                     {"pass", failed.first.pass},
                     {"layer", failed.first.layer},
                     {"operation", failed.first.operation},
                     {"between", failed.first.between},
                     {"losses", failed.losses},
                     {"micro_batches", nlohmann::json::array()}};
  for (const FedBatch& fed : failed.fed)
    out["micro_batches"].push_back({{"micro_batch", fed.micro}, {"indices", fed.indices}, {"keys", fed.keys}, {"digest", fed.digest}});
  return out;
}

FailedStep failed_step_of(const nlohmann::json& json) {
  try {
    FailedStep out;
    json.at("step").get_to(out.step);
    json.at("what").get_to(out.what);
    out.first = {json.at("pass"), json.at("layer"), json.at("operation"), json.at("between")};
    json.at("losses").get_to(out.losses);
    for (const auto& fed : json.at("micro_batches"))
      out.fed.push_back({fed.at("micro_batch"), fed.at("indices"), fed.at("keys"), fed.at("digest")});
    return out;
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("not the record of a step that failed: {}", error.what()));
  }
}

}  // namespace lafs
