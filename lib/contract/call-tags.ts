/** What callers may tag their calls with: `team=search,env=prod` in `x-gatehouse-tags`. */

export const MAX_TAGS = 10

/** `constructor` and the like would be looked up on the prototype somewhere down the road. */
export const isReservedTag = (name: string): boolean => name in Object.prototype

export const isTagName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)

export const isTagValue = (value: string): boolean => value.length <= 200 && isHeaderText(value)

/** Node hands the bytes of a header over as latin1. */
export const isHeaderText = (text: string): boolean => /^[\x20-\x7e\xa0-\xff]*$/.test(text)
