#include "kernel/recipe/options.h"

#include <utility>

#include "kernel/recipe/option_types.h"

namespace lafs {

void LossScaleOptions::declare(Params& p) {
  p("start", start, in(1e-6, 1e30), "factor on the loss in the first step");
  p("growth", growth, in(1, 1e6), "factor on the scale after growth_interval steps without an overflow");
  p("backoff", backoff, in(1e-6, 0.999), "factor on the scale after a step that was skipped because of an overflow");
  p("growth_interval", growth_interval, at_least(1), "steps without an overflow before the scale grows");
}

namespace {

/// What a run bears. These change no number of a run whose pictures are whole and whose losses are finite, and a run may be continued with
/// them.
void declare_tolerance(RunOptions& run, Params& p) {
  p.affects_nothing("damaged", run.damaged, one_of({"error", "skip"}),
                    "error: a picture that cannot be read ends the run; skip: the next one that can be read stands in for it, which is "
                    "counted and listed in damaged.tsv");
  p.affects_nothing("damaged_limit", run.damaged_limit, at_least(0), "different damaged pictures at which a run that skips them gives up");
  p.affects_nothing(
      "not_finite", run.not_finite, one_of({"error", "skip"}),
      "error: a loss or gradient that is not finite ends the run; skip: that step leaves the model as it was, which is noted and "
      "counted");
  p.affects_nothing("not_finite_limit", run.not_finite_limit, at_least(0),
                    "steps without a finite loss or gradient at which a run that skips them gives up");
}

/// How a run works and what it writes, whatever it trains.
void declare_work(RunOptions& run, Params& p) {
  p.affects_nothing("threads", run.threads, in(0, 4096), "compute threads; 0: as many as the machine has cores");
  p.affects_nothing("loader_threads", run.loader_threads, in(1, 1024), "threads that read and augment pictures");
  p.affects_nothing("prefetch", run.prefetch, in(1, 1024), "batches prepared ahead");
  p.affects_nothing("images", run.images, at_least(0),
                    "images of the training data, for plan and check where the data is not there; 0: unknown");
  p.affects_nothing("identities", run.identities, at_least(0),
                    "identities of the training data, for plan and check where the data is not there; 0: unknown");
  p.affects_nothing("evaluate_every", run.evaluate_every, at_least(0), "epochs between evaluations; 0: only at the end");
  p.affects_nothing("evaluate_steps", run.evaluate_steps, at_least(0),
                    "optimizer steps between evaluations, in place of evaluate_every; 0: as evaluate_every says");
  p.affects_nothing("best", run.best,
                    "\"EVALUATOR/METRIC\" of the checkpoint that is called best, with - in front where smaller is better and the evaluator "
                    "does not say so; empty: the first metric of the first evaluator");
  p.affects_nothing("checkpoint_every", run.checkpoint_every, at_least(0),
                    "optimizer steps between checkpoints; 0: at the end of each epoch");
  p.affects_nothing("checkpoint_minutes", run.checkpoint_minutes, at_least(0),
                    "minutes since the last checkpoint after which one is written in between; 0: none is");
  p.affects_nothing("keep_every", run.keep_every, at_least(0),
                    "n: every n-th checkpoint by steps or epochs is kept for good; 0: only the last and the best are kept");
  p.affects_nothing("log_every", run.log_every, at_least(1), "optimizer steps between lines of metrics.jsonl");
  p.affects_nothing("plugins", run.plugins, "more plugin libraries, or folders of them");
}

}  // namespace

void RunOptions::declare(Params& p) {
  p("seed", seed, at_least(0), "seed of all random numbers in the run");
  constexpr const char* epochs_doc = "passes over the training data";
  const Rule epochs_rule = in(1, 1000000000);
  total_steps > 0 ? p.affects_nothing("epochs", epochs, epochs_rule, epochs_doc) : p("epochs", epochs, epochs_rule, epochs_doc);
  p.affects_unless(0, "total_steps", total_steps, in(0, 1e15),
                   "optimizer steps of the run and of its schedules, in place of epochs; 0: as many as the epochs have");
  p("steps", steps, at_least(0), "stop after this many optimizer steps, schedules stay as they are; 0: run all");
  p("batch", batch, at_least(1), "images of a micro-batch over all ranks");
  p("accumulate", accumulate, at_least(1), "micro-batches of an optimizer step");
  p("precision", precision, one_of({"fp32", "bf16", "fp16"}), "arithmetic of the networks' forward pass");
  constexpr const char* scale_doc = "how the loss scale of an fp16 run changes";
  precision == "fp16" ? p("loss_scale", loss_scale, scale_doc) : p.affects_nothing("loss_scale", loss_scale, scale_doc);
  p.affects_nothing("device", device, one_of({"auto", "cpu", "cuda"}), "device to compute on; auto: cuda if available");
  p.affects_unless(false, "tf32", tf32, {},
                   "whether fp32 products and convolutions on a GPU keep 10 bits of the mantissa, which is faster and moves landmarks");
  p.affects_nothing("deterministic", deterministic, "equal bits at every run on a GPU, as far as LibTorch has such kernels");
  p("behaviour", behaviour, one_of({"published", "corrected"}), "default of every quirk");
  p("clip", clip, one_of({"none", "global", "per_tensor"}), "how gradients are clipped");
  p("clip_norm", clip_norm, at_least(0), "largest norm of a clipped gradient");
  p.affects_unless(0, "ema", ema, in(0, 0.999999999),
                   "decay of the moving average of the encoder's weights: the average is evaluated and saved as \"averaged\"; 0: no "
                   "average");
  p.affects_unless(0, "patience", patience, at_least(0),
                   "evaluations in a row without a better checkpoint after which the run ends; 0: it goes on to its last step");
  declare_tolerance(*this, p);
  declare_work(*this, p);
  p.affects_unless("", "extends", extends, {},
                   "identity and step of the run that this one trains further with other schedules; written by lafs run --extend");
}

void GroupOptions::declare(Params& p) {
  p("name", name, needed(), "name of the group in the log");
  p("match", match, needed(), "glob patterns on qualified names, \"*.bias\"; \"rank<=1\" and \"rank>=2\" choose by shape");
  p("weight_decay", weight_decay, "weight decay of the group; below 0: the optimizer's");
  p("lr_scale", lr_scale, at_least(0), "factor on the optimizer's learning rate");
}

void FreezeOptions::declare(Params& p) {
  p("match", match, needed(), "glob patterns on qualified names, \"backbone.stn.*\"; \"rank<=1\" and \"rank>=2\" choose by shape");
  p("epochs", epochs, at_least(0), "epochs from the start in which they do not move; 0: the whole run");
}

void OptimizerOptions::declare(Params& p) {
  p("lr", lr, at_least(0), "learning rate");
  p("weight_decay", weight_decay, at_least(0), "weight decay");
  p("scale_rule", scale_rule, one_of({"none", "linear_256", "lafs_sqrt"}), "how the batch scales lr");
  p("groups", groups, "parameters with settings of their own; the first group that matches takes a parameter");
  p.affects_unless({}, "freeze", freeze, {}, "parameters that do not move, for the first epochs or at all");
  p("layer_decay", layer_decay, in(0, 1), "lr of block l is multiplied by layer_decay^(depth - l)");
  p.quirk("FT-01", "layer_decay_applied", layer_decay_applied, false, true,
          "whether layer_decay has an effect; the published code computes it and ignores it");
}

void EvaluatorEntry::declare(Params& p) {
  p.affects_nothing("name", name, "name in the results; empty: the plugin's name");
  p.affects_nothing("while_training", while_training, "whether it also runs between epochs");
  p.affects_unless("input", "scaling", scaling, one_of({"input", "lafs", "dino_face", "published_eval"}),
                   "scaling of the pixels for this evaluator: input is that of the training, the others are presets of [input]; published "
                   "models were trained on [-1, 1] and measured on [-0.5, 0.5] (quirk M10)");
}

namespace {

/// Chooses the preset of an input contract.
class PresetChoice final : public Params {
 public:
  explicit PresetChoice(std::string preset) : preset_(std::move(preset)) {}

 private:
  void visit(const Option& option) override {
    if (option.key == "preset") by_type(option.slot, [&](std::string& chosen) { chosen = preset_; }, [](auto&) {});
  }

  std::string preset_;
};

}  // namespace

InputContract EvaluatorEntry::input_of(const InputContract& recipe) const {
  if (scaling == "input") return recipe;
  InputContract scaled = recipe;
  scaled.preset = "";  // declare() takes the numbers of a preset that is new
  PresetChoice choice(scaling);
  scaled.declare(choice);
  return scaled;
}

void InitEntry::declare(Params& p) {
  p("into", into, "path in the objective's tree that receives the weights; empty: the root");
  p("identity", identity, "identity of the run that wrote \"from\", or hash of the file; replaces the path in identities");
  const Rule rule = needed();
  constexpr const char* doc =
      "a safetensors or .pth file, the index of one in parts, or the folder of a checkpoint, of a run or of Hugging Face";
  identity.empty() ? p("from", from, rule, doc) : p.affects_nothing("from", from, rule, doc);
  p("map", map, "name map from the file's names to ours, see `lafs describe name_map`; empty: the names are already ours");
  p("select", select, "prefix of the tensors taken from the file, removed from their names, before the map");
  p("only", only, "globs on names inside `into`; empty: all");
  p("except", except, "globs on names inside `into` that are left as they are");
  p("floor", floor, in(0, 1), "share of the tensors selected by only and except that must be found");
  p.affects_nothing(
      "unused", unused,
      "globs on names inside `into`: tensors that the file may have in parts that are loaded, though the network has no place "
      "for them; without, they are an error");
}

}  // namespace lafs
