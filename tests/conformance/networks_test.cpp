#include <doctest/doctest.h>

#include "conformance/backbone_suite.h"
#include "conformance/harness.h"
#include "conformance/head_suite.h"
#include "conformance/projector_suite.h"

namespace {

using namespace lafs;

TEST_CASE("conformance: every backbone is a function of pictures and draws, row by row") {
  conformance::over_uses<Backbone>(conformance::conform_backbone);
}

TEST_CASE("conformance: every projector is a function of embeddings, row by row") {
  conformance::over_uses<Projector>(conformance::conform_projector);
}

TEST_CASE("conformance: every head gives finite margins with finite slopes") { conformance::over_uses<Head>(conformance::conform_head); }

}  // namespace
