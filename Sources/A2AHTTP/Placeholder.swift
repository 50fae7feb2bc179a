enum PlaceholderA2AHTTP {}
