#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/objective.h"
#include "lafs/params.h"
#include "lafs/projector.h"
#include "nn/train/network.h"

namespace lafs::nn {

/// Options that `dino` and `lafs` share; defaults are those of DINO (pretraining.md 11).
struct DistillationOptions {
  double student_temperature = 0.1, center_momentum = 0.9;
  Schedule teacher_temperature = 0.04, momentum_teacher = cosine(0.996, 1);
  int64_t freeze_last_layer = 1;
  bool teacher_train_mode = true, shorten_warmup = false, need_local_views = true;
  int64_t watch_every = 50;

  void declare(Params& p);
};

/// Views that go through a network in one call: all of one size.
struct Crops {
  at::Tensor input;          ///< [views*B, ...], rows view-major: pictures, or tokens
  at::Tensor position_rows;  ///< [views*B, N] for tokens, see `Tokenised`; or undefined
  int64_t views = 1;
  int64_t first = 0;  ///< of these views among all of a picture; global views come first
};

/// Self-distillation without labels (Caron et al. 2021; pretraining.md 5, 6): a student learns to say of every view what its teacher,
/// the moving average of the student, says of the global ones. The tree: `student.backbone`, `student.head`, `teacher.backbone`,
/// `teacher.head`, buffer `center` [1,K]. Deriving classes only say how views are cut and run. [main thread]
class SelfDistillation : public torch::nn::Module, public Objective {
 public:
  /// Makes both networks through the assembly. Throws Error for temperatures that are not above 0, for a warm-up of the teacher's
  /// temperature that is longer than the run (quirk P12), and for `freeze_last_layer` with a projector that is not `Prototypes`.
  SelfDistillation(const DistillationOptions& options, Assembly& assembly);

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  std::string encoder() const override { return "teacher.backbone"; }

  Tensor loss(const Batch& batch, const Step& step) final;
  void before_update(const Step& step) final;  ///< drops the gradients of the prototypes in the first `freeze_last_layer` epochs
  void after_update(const Step& step) final;   ///< moves centre and teacher
  void start() final;                          ///< the teacher becomes the student

 protected:
  /// The views of a micro-batch: first all global ones in one `Crops`, then the others.
  virtual std::vector<Crops> crops(const Batch& batch, const Step& step) = 0;
  virtual Tensor encode(Backbone& backbone, const Crops& crops, const Pass& pass) { return backbone.forward(crops.input, pass); }

  const DistillationOptions& distillation() const { return options_; }
  const std::shared_ptr<Backbone>& student_backbone() const { return student_.backbone; }
  /// The need for a group of local views, where a run without any is an error (quirk P17).
  std::vector<ViewNeed> needs(std::initializer_list<const char*> global, std::initializer_list<const char*> local) const;

 private:
  static void check(const std::vector<Crops>& crops, int64_t batch);
  Tensor logits(const Network& network, const std::vector<Crops>& crops, const Pass& pass);
  double teacher_temperature(const Step& step) const;
  void report(const Tensor& student, const Tensor& teacher, double temperature, const Step& step);
  void watch(const Step& step);

  DistillationOptions options_;
  Network student_, teacher_;
  std::vector<at::Tensor> last_layer_;  ///< of the student
  at::Tensor center_;                   ///< [1,K]
  at::Tensor teacher_sum_;              ///< [1,K], of the teacher's logits since the step began
  int64_t teacher_rows_ = 0;
  at::Tensor entropy_, named_;  ///< scalars, of the last micro-batch: entropy, and how many prototypes are named
  int64_t views_looked_at_ = 0;
};

/// [V,B,...] -> [V*B,...].
Tensor view_rows(const Tensor& views);

}  // namespace lafs::nn
