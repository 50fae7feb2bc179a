enum PlaceholderA2ATesting {}
