// room: nn
