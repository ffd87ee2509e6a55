#pragma once
#include <memory>

#include "kernel/run/listener.h"

namespace lafs::formats {
class EventWriter;
}

namespace lafs {

/// TensorBoard's events (evaluation.md 9) in the folder of a run, an events file for each session. A continued
/// run draws one curve: its file tells readers to forget the steps that come again. Values that are not finite are left out.
class TensorBoard final : public RunListener {
 public:
  TensorBoard();
  ~TensorBoard() override;

  void started(const RunStart& start) override;
  void record(const StepRecord& record) override;
  void evaluated(int64_t step, const std::vector<NamedMetrics>& results) override;
  void saving() override;
  void stopped() override;

 private:
  void repeat_evaluation(const RunStart& start);
  void scalar(const std::string& tag, int64_t step, double value);

  std::unique_ptr<formats::EventWriter> events_;
};

}  // namespace lafs
