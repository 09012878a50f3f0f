/** Why a limit or a budget applies to the calls of a key or a consumer, in a sentence. */
import type { PolicyScope } from '../../contract/policy.ts'

export interface CallerWords {
  /** `this key`, `this consumer` */
  readonly who: string
  readonly teamName: string
  readonly consumerName: string
  /** Of the key that the scope names, where several may be meant. */
  readonly keyName: string | null
}

/** `subjectName`: of the route, model or provider that is counted. */
export function reasonOf({ type, id, each }: PolicyScope, of: CallerWords, subjectName: string): string {
  switch (type) {
    case 'organization':
      return 'because all traffic counts together'
    case 'team':
      return each
        ? `because each team has it for itself, and ${of.who} is of team ${of.teamName}`
        : `because team ${of.teamName} has it, and ${of.who} is of that team`
    case 'consumer':
      return each
        ? `because each consumer has it for itself, and this is consumer ${of.consumerName}`
        : `because consumer ${of.consumerName} has it`
    case 'key':
      if (of.keyName === null) return each ? 'because each key has it for itself' : 'because this key has it'
      return each
        ? `because each key has it for itself: here key ${of.keyName}`
        : `for calls with key ${of.keyName} alone`
    case 'user':
      return each
        ? 'for calls that name an end user: each of them has it'
        : `for calls that name the end user ${id}`
    case 'tag':
      return each ? 'for calls with tags: each tag has it' : `for calls with the tag ${id}`
    case 'route':
      return each
        ? `because each route has it for itself: here ${subjectName}`
        : `because route ${subjectName} has it`
    case 'model':
    case 'provider':
      return each
        ? `because each ${type} has it for itself: a target is ${subjectName}`
        : `because ${type} ${subjectName} has it and is a target`
    // Of traffic that is not carried yet.
    case 'mcpServer':
    case 'tool':
    case 'service':
      return `because ${type} ${subjectName} has it`
  }
}
