#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "kernel/evaluate/model_diagnosis.h"

namespace lafs::test {
namespace {

/// What was found for a model that tells people apart, on 200 pairs.
ModelDiagnosis sound() {
  ModelDiagnosis diagnosis;
  diagnosis.model = "faces.onnx";
  diagnosis.set = "lfw.bin";
  diagnosis.genuine = diagnosis.impostors = 100;
  ContractTrial trial{.what = "colour rgb, values [-1, 1]", .input = {}, .scores = {0.9, 0.1, 0.4}, .fault = "", .gain = {2.5, 2.5, 0}};
  diagnosis.search.trials.push_back(trial);
  return diagnosis;
}

ContractFinding finding(bool sure) {
  return {.part = "colour",
          .given = "rgb",
          .fits = "bgr",
          .setting = "colour = \"bgr\"",
          .as_well = {},
          .gain = {1.25, 2.5, sure ? 0.1 : 0.3},
          .sure = sure};
}

ModelDiagnosis concluded(ModelDiagnosis diagnosis) {
  conclude(diagnosis);
  return diagnosis;
}

using Sentences = std::vector<std::string>;

TEST_CASE("conclusion: no problem, a sure finding, and one that may be chance") {
  CHECK(concluded(sound()).verdict == DiagnosisVerdict::no_problem);
  CHECK(concluded(sound()).sentences.empty());
  ModelDiagnosis wrong = sound();
  wrong.search.findings.push_back(finding(true));
  CHECK(concluded(wrong).verdict == DiagnosisVerdict::problem);
  CHECK(concluded(wrong).sentences ==
        Sentences{"colour: the pictures are given as rgb, and the model fits bgr; d' rises from 1.25 to 2.50, by 12.5 standard errors. Set "
                  "[input] colour = \"bgr\""});
  ModelDiagnosis unclear = sound();
  unclear.search.findings.push_back(finding(false));
  CHECK(concluded(unclear).verdict == DiagnosisVerdict::cannot_tell);
  CHECK(concluded(unclear).sentences ==
        Sentences{"cannot tell whether colour bgr fits better than rgb: d' rises from 1.25 to 2.50, by 4.2 standard errors, which may be "
                  "chance among 1 trials; if it is not, about 300 pairs would tell (--pairs)"});
}

TEST_CASE("conclusion: weights, collapse, exchanged layers, chance and small sets") {
  ModelDiagnosis random = sound();
  random.weights = WeightSigns{.matrices = 4, .random_like = {"a", "b", "c", "d"}};
  random.search.findings.push_back(finding(true));
  CHECK(concluded(random).sentences ==
        Sentences{"the weights look untrained: 4 of 4 matrices have the spectrum of independent random numbers"});
  ModelDiagnosis collapsed = sound();
  collapsed.search.trials[0].scores = {0.9995, 1, 0.9999};
  CHECK(concluded(collapsed).sentences ==
        Sentences{"the embeddings have collapsed: every pair, whoever is on it, has a cosine above 0.999"});
  ModelDiagnosis saturated = collapsed;  // under another contract only, which fits better
  saturated.search.trials.push_back(saturated.search.trials[0]);
  saturated.search.trials[1].gain.after += 1;
  saturated.search.trials[0].scores = {0.1, 0.9, 0.5};
  CHECK(concluded(saturated).sentences == concluded(sound()).sentences);
  ModelDiagnosis exchanged = sound();
  exchanged.exchanges.found = LayerExchange{"blocks.1", "blocks.2", {0.5, 2.5, 0.1}};
  CHECK(concluded(exchanged).sentences ==
        Sentences{"the weights of \"blocks.1\" and \"blocks.2\" have each other's place: exchanged, d' rises from 0.50 to 2.50, by 20.0 "
                  "standard errors"});
  ModelDiagnosis chance = sound();
  chance.search.trials[0].gain = {0.1, 0.1, 0};
  CHECK(concluded(chance).sentences ==
        Sentences{"no input contract tells people apart beyond chance: these are not the weights of a face model, or they are in the wrong "
                  "places"});
  ModelDiagnosis small = sound();
  small.genuine = 40;
  CHECK(concluded(small).verdict == DiagnosisVerdict::cannot_tell);
  CHECK(concluded(small).sentences ==
        Sentences{"the set is too small to tell: 40 genuine and 100 impostor pairs, and 50 of each are needed"});
  ModelDiagnosis record = sound();
  record.record = "colour rgb against bgr";
  CHECK(concluded(record).verdict == DiagnosisVerdict::problem);
}

TEST_CASE("conclusion: the text has the trials, and JSON what a program asks for") {
  ModelDiagnosis wrong = sound();
  wrong.search.trials.push_back({.what = "colour bgr, values [-1, 1]", .input = {}, .scores = {}, .fault = "", .gain = {2.5, 3.25, 0.1}});
  wrong.search.findings.push_back(finding(true));
  conclude(wrong);
  const std::string text = diagnosis_text(wrong);
  CHECK(text.starts_with("faces.onnx\non lfw.bin: 100 genuine and 100 impostor pairs\n"));
  CHECK(text.find("colour rgb, values [-1, 1] (as given)") != std::string::npos);
  CHECK(text.find("+0.75 ± 0.10\n") != std::string::npos);
  CHECK(text.find("problem found\n  - colour: ") != std::string::npos);
  const auto json = diagnosis_json(wrong);
  CHECK(json.at("verdict") == "problem found");
  CHECK(json.at("findings").at(0).at("fits") == "bgr");
  CHECK(json.at("trials").size() == 2);
  CHECK_FALSE(json.contains("doubtful_exchange"));
  wrong.exchanges = {
      .found = std::nullopt, .doubtful = LayerExchange{"blocks.1", "blocks.2", {2, 2.5, 0.125}}, .tried = 12, .candidates = 40};
  wrong.weights = WeightSigns{.matrices = 3,
                              .random_like = {"blocks.1.a"},
                              .vectors = 2,
                              .initial = {"blocks.1.b"},
                              .constant = {},
                              .names_of_matrices = {"blocks.0.a", "blocks.1.a", "blocks.2.a"},
                              .names_of_vectors = {"blocks.0.b", "blocks.1.b"}};
  const auto more = diagnosis_json(wrong);
  CHECK(more.at("layer_pairs") == nlohmann::json{{"tried", 12}, {"of", 40}});
  CHECK(more.at("doubtful_exchange") == nlohmann::json{{"first", "blocks.1"},
                                                       {"second", "blocks.2"},
                                                       {"gain", {{"before", 2.0}, {"after", 2.5}, {"standard_error", 0.125}}}});
  CHECK(more.at("weights").at("untrained_parts") == nlohmann::json{"blocks.1"});
}

}  // namespace
}  // namespace lafs::test
