"""What becomes of a recording after its last frame: examined and certified, made an MP3, moved to an S3 store
where one is set, served from there, and one day removed."""
