// room: imaging
