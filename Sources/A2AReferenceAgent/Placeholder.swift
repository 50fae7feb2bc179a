enum PlaceholderA2AReferenceAgent {}
