enum PlaceholderA2AClient {}
