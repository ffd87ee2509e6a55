// room: formats
