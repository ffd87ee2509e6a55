#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "kernel/evaluate/embedding_plan.h"
#include "lafs/input.h"

namespace lafs {

/// Decodes the pictures of a plan on threads of its own, a few batches ahead of the reader; older batches are forgotten. [one reader]
class Decoder {
 public:
  /// `plan` must outlive the decoder. Every buffer holds `batch` pictures; those beyond a batch's own are black.
  Decoder(const EmbeddingPlan& plan, const InputContract& input, int64_t batch, int64_t threads);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// The next batch in the order of the plan: [batch,H,W,3] bytes, which live until the next call. Rethrows what decoding one of its
  /// pictures threw, the first in order.
  uint8_t* next();

 private:
  struct Slot {
    std::vector<uint8_t> bytes;
    int64_t left = 0;  ///< pictures to be decoded still
    int64_t failed_at = -1;
    std::exception_ptr failure;
  };

  bool take(int64_t& batch, int64_t& place, std::stop_token stop);
  void work(std::stop_token stop);
  void decode(const PlannedPicture& picture, uint8_t* to) const;
  void prepare(int64_t batch);

  const EmbeddingPlan& plan_;
  const InputContract input_;
  const int64_t picture_bytes_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable_any room_, ready_;
  int64_t next_batch_ = 0, next_place_ = 0;  ///< what the workers take next
  int64_t read_ = 0;                         ///< batches handed out
  std::vector<std::jthread> workers_;
};

/// `image 12 "a/b.jpg"`: how a picture is named in errors.
std::string picture_name(const PlannedPicture& picture);

}  // namespace lafs
