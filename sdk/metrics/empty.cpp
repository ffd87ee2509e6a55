// room: metrics
