#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernel/run/listener.h"

namespace lafs::formats {
class EventWriter;
}

namespace lafs {

/// TensorBoard's events (docs/tensorboard.md) in the folder of a run, an events file for each session that has something to say: curves,
/// settings, the recipe, and the views of the first batch. A continued run draws one curve: its file tells readers to forget the steps that
/// come again. Values that are not finite are left out.
class TensorBoard final : public RunListener {
 public:
  TensorBoard();
  ~TensorBoard() override;

  void started(const RunStart& start) override;
  void first_batch(const BatchPictures& pictures) override;
  void record(const StepRecord& record) override;
  void evaluated(int64_t step, const std::vector<NamedMetrics>& results) override;
  void saving() override;
  void stopped() override;
  void finished(const RunEnd& end) override;

 private:
  formats::EventWriter& events();
  void look_back();
  void scalar(const std::string& tag, int64_t step, double value);
  void metric(const std::string& set, const std::string& name, int64_t step, double value);

  RunStart start_;
  bool continued_ = false;  ///< there are event files of earlier sessions that stay valid
  std::unique_ptr<formats::EventWriter> events_;
  std::map<std::string, float> constants_;  ///< by tag: what readers know of values that training does not change
};

}  // namespace lafs
