/** The tags and headers of a call that is made up: those that a real one could have, so that none is asked in vain. */
import { z } from 'zod'
import { isHeaderText, isReservedTag, isTagName, isTagValue, MAX_TAGS } from '../../contract/call-tags.ts'

const MAX_HEADERS = 50
/** RFC 9110 §5.6.2 */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/
/** What these say has a member of its own. */
const SAID_BY: Readonly<Record<string, string>> = {
  authorization: 'keyId',
  'x-api-key': 'keyId',
  'api-key': 'keyId',
  'x-goog-api-key': 'keyId',
  'x-gatehouse-tags': 'tags',
  'x-gatehouse-user': 'endUser',
}

export const simulatedTags = z
  .record(z.string(), z.string())
  .superRefine((tags, issues) => {
    const complain = (message: string) => issues.addIssue({ code: 'custom', message })
    if (Object.keys(tags).length > MAX_TAGS) complain(`a call has at most ${MAX_TAGS} tags`)
    for (const [name, value] of Object.entries(tags)) {
      if (name === '') complain('a name is missing')
      else if (!isTagName(name) || isReservedTag(name))
        complain(
          `${shown(name)} can not be the name of a tag: up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit`,
        )
      else if (!isTagValue(value) || value.includes(','))
        complain(`the value of ${name} can not be that of a tag: up to 200 printable characters, no comma`)
    }
  })
  .describe('As `x-gatehouse-tags` would have them')

export const simulatedHeaders = z
  .record(z.string(), z.string())
  .superRefine((headers, issues) => {
    const complain = (message: string) => issues.addIssue({ code: 'custom', message })
    const names = Object.keys(headers)
    if (names.length > MAX_HEADERS) complain(`at most ${MAX_HEADERS} of them`)
    const seen = new Set<string>()
    for (const name of names) {
      const lower = name.toLowerCase()
      const member = SAID_BY[lower]
      if (name === '') complain('a name is missing')
      else if (!HEADER_NAME.test(name))
        complain(`${shown(name)} can not be the name of a header: letters, digits and -, no space, no colon`)
      else if (seen.has(lower)) complain(`${lower} is named twice: case makes no difference`)
      else if (member) complain(`what ${lower} says is said by ${member}`)
      else if ((headers[name] ?? '').length > 500 || !isHeaderText(headers[name] ?? ''))
        complain(`the value of ${lower} can not be that of a header: up to 500 printable characters`)
      seen.add(lower)
    }
  })
  .describe('For a route whose calls stick by a header. Case makes no difference')

const shown = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
