"""fViT: a vision transformer of faces on square patches, the encoder of LAFS."""

from fvit import Fvit


class Backbone(Fvit):
    """Its tokens are the patches of the picture."""
