enum PlaceholderA2AServer {}
