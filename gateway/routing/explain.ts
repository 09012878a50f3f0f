/** Why a call goes where it goes, in sentences for a person who looks at a route. */
import { formatUsd } from '../../lib/contract/money.ts'
import type { Hedge } from '../../lib/contract/routing.ts'
import type { Asked } from './asked.ts'
import { type Candidate, nameOf, restMs } from './candidate.ts'
import { estimatedCost } from './cheapest.ts'
import { type Decision, isPriced, isTooShort, windowOf } from './decision.ts'
import { scoreOf } from './least-latency.ts'
import type { RouteState } from './route-state.ts'
import { explainRules } from './rules.ts'

export function explain(
  state: RouteState,
  decision: Decision,
  asked: Asked,
  chosen: Candidate | undefined | null,
  now: number,
): string[] {
  const { route } = state.compiled
  const sentences: string[] = []
  const { canary } = route
  if (canary && decision.stickiness) {
    const whether = decision.inCanary ? 'is among them' : 'is not'
    sentences.push(
      `${canary.percent} % of callers go to "${canary.group}"; this call, by ${decision.stickiness.by}, ${whether}.`,
    )
  }
  if (route.strategy === 'rules' && !decision.inCanary) sentences.push(...explainRules(route.rules, asked))
  for (const tier of decision.wanted) {
    for (const candidate of tier) {
      const reason = candidate === chosen ? null : whyPassedOver(candidate, decision, asked, now)
      if (reason !== null) sentences.push(`${nameOf(candidate)} is passed over: ${reason}.`)
    }
    if (chosen && tier.includes(chosen)) break
  }
  if (!chosen) sentences.push('No target is left to ask now.')
  else {
    sentences.push(whyChosen(state, decision, asked, chosen, now))
    const without = credentialsOut(chosen, now)
    if (without) sentences.push(`Not all of its credentials are ready: ${without}.`)
    if (route.hedge) sentences.push(whenBeside(route.hedge, chosen, asked))
  }
  return sentences
}

/** Null: nothing keeps it away. */
function whyPassedOver(candidate: Candidate, { tiers }: Decision, asked: Asked, now: number): string | null {
  if (!tiers.some((tier) => tier.includes(candidate))) {
    if (!isPriced(candidate, asked)) return 'it has no price, and the route allows none without'
    const window = windowOf(candidate, asked)?.toLocaleString('en-US')
    if (isTooShort(candidate, asked))
      return `about ${asked.chat.estimatedInputTokens.toLocaleString('en-US')} input tokens do not fit its window of ${window}`
  }
  const askedForMs = candidate.health.restMs(now)
  if (askedForMs > 0) return `its vendor asked to be left alone for ${seconds(askedForMs)} more`
  if (candidate.credentials.waitMs(candidate.target.model, now) > 0) return whyNoCredential(candidate, now)
  if (!candidate.health.isOut(now)) return null
  const { downBecause, openUntil } = candidate.health
  if (downBecause !== null)
    return `its server fails the checks that its provider asks for (${downBecause.replace(/\.$/, '')})`
  const openMs = openUntil - now
  return openMs > 0
    ? `it failed again and again, and is tried again in ${seconds(openMs)}`
    : 'it failed again and again, and the call that tries it again is under way'
}

function whyNoCredential(candidate: Candidate, now: number): string {
  const { credentials, target } = candidate
  const again = seconds(credentials.waitMs(target.model, now))
  const { length } = credentials.list
  return `none of its ${length} credentials is ready (${credentialsOut(candidate, now)}), the first of them in ${again}`
}

/** Of several credentials those that no call goes with: "1 rests, 2 were refused". Null: none. */
function credentialsOut(
  { credentials: { list, areSeveral }, target }: Candidate,
  now: number,
): string | null {
  const out = areSeveral ? list.filter((one) => one.waitMs(target.model, now) > 0) : []
  if (out.length === 0) return null
  const refused = out.filter(({ isRefused }) => isRefused).length
  const resting = out.length - refused
  const parts = [
    ...(resting > 0 ? [`${resting} ${resting === 1 ? 'rests' : 'rest'}`] : []),
    ...(refused > 0 ? [`${refused} ${refused === 1 ? 'was' : 'were'} refused`] : []),
  ]
  return parts.join(', ')
}

function whyChosen(
  state: RouteState,
  decision: Decision,
  asked: Asked,
  chosen: Candidate,
  now: number,
): string {
  const name = nameOf(chosen)
  const tier = decision.tiers.find((one) => one.includes(chosen)) ?? []
  const others = tier.filter(
    (other) => other !== chosen && !other.health.isOut(now) && restMs(other, now) === 0,
  )
  if (chosen.health.isOut(now)) return `${name} is asked although it fails: there is no other.`
  if (others.length === 0)
    return `${name} is asked: it is the only one of its priority that can take the call.`
  const { strategy } = state.compiled.route
  switch (strategy) {
    case 'leastLatency': {
      const wait = (one: Candidate) => waitWords(one, asked.chat.stream, now)
      return `${name} is asked: callers wait least there (${[chosen, ...others].map((one) => `${nameOf(one)} ${wait(one)}`).join(', ')}).`
    }
    case 'leastBusy':
      return `${name} is asked: it has the fewest calls under way for its weight (${chosen.health.inFlight}).`
    case 'cheapest': {
      const cost = (one: Candidate) => {
        const pico = estimatedCost(one.target, asked, state.compiled)
        return pico === null ? 'unpriced' : `$${formatUsd(pico)}`
      }
      return `${name} is asked: this call is estimated to cost least there (${[chosen, ...others].map((one) => `${nameOf(one)} ${cost(one)}`).join(', ')}).`
    }
    case 'consistentHash':
      return `${name} is asked: calls with the same mark (${decision.stickiness?.by ?? 'its key'}) always meet it.`
    case 'priority':
    case 'weighted':
    case 'rules':
      return `${name} is asked: it is its turn by weight (${[chosen, ...others].map((one) => `${nameOf(one)} ${one.target.weight}`).join(', ')}).`
  }
}

function whenBeside({ percentile, minMs }: Hedge, { health }: Candidate, { chat }: Asked): string {
  const usual = health.waitPercentileMs(percentile, chat.stream)
  if (usual === null) return 'No second target is asked beside it yet: too few of its answers are known.'
  const lateMs = Math.round(Math.max(minMs, usual)).toLocaleString('en-US')
  const answer = chat.stream ? 'begun to answer' : 'answered'
  return `If it has not ${answer} within ${lateMs} ms, a second target is asked beside it.`
}

function waitWords(candidate: Candidate, stream: boolean, now: number): string {
  const average = stream ? candidate.health.firstToken : candidate.health.whole
  if (!average.known) return 'unknown'
  return `${Math.round(scoreOf(candidate, stream, now))} ms`
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`
