#pragma once
#include <string>

#include "kernel/registry/registry.h"
#include "lafs/augmentation.h"
#include "lafs/backbone.h"
#include "lafs/data_source.h"
#include "lafs/evaluator.h"
#include "lafs/head.h"
#include "lafs/objective.h"
#include "lafs/optimizer.h"
#include "lafs/projector.h"
#include "lafs/use.h"
#include "runner/conformance/examples.h"
#include "runner/conformance/findings.h"

/// The promises of the contract, tried on plugins. A suite adds a finding for every promise that is not kept; what a plugin throws where
/// it should not is one too. Main thread; minutes at most, seconds as a rule.
namespace lafs::conformance {

/// What a plugin of any kind promises: it says what it is, its library exports two names, and its options are what they say.
/// `toml`: options under which the plugin can be read.
void conform_plugin(const RegistryEntry& entry, const Registry& registry, const std::string& toml, Findings& findings);

/// What the header of a kind promises.
void conform_data_source(const Use<DataSource>& use, Findings& findings);
void conform_augmentation(const Use<Augmentation>& use, Findings& findings);
void conform_backbone(const Use<Backbone>& use, Findings& findings);
void conform_projector(const Use<Projector>& use, Findings& findings);
void conform_head(const Use<Head>& use, Findings& findings);
void conform_optimizer(const Use<Optimizer>& use, Findings& findings);
void conform_evaluator(const Use<Evaluator>& use, Findings& findings);
/// `tables`: tables of a recipe, laid over those of the suite: a small fViT, dino_head, CosFace and AdamW on drawn faces. Without an
/// `[augmentation]` one is chosen by the views that the objective asks for.
void conform_objective(const RegistryEntry& entry, Registry& registry, const std::string& tables, bool batch_coupled, Findings& findings);

/// The suite of the entry's kind under one example.
void conform_kind(const RegistryEntry& entry, Registry& registry, const Example& example, Findings& findings);

}  // namespace lafs::conformance
