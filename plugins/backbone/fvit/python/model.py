"""fViT: a vision transformer of faces on 8 x 8 patches, the encoder of LAFS."""

from fvit import Fvit


class Backbone(Fvit):
    """Its tokens are the patches of the picture."""
