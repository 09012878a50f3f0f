/** Of the kinds of subjects those whose names are kept elsewhere. */
export const namedDimension = (type: string) =>
  (['team', 'consumer', 'key', 'provider'] as const).find((dimension) => dimension === type)
