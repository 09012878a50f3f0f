'use client'

import { Status } from '@/components/ui/badge'
import { Callout } from '@/components/ui/callout'
import { Card } from '@/components/ui/card'
import { SkeletonLines } from '@/components/ui/skeleton'
import { formatCount, formatPercent, formatPlural } from '@/lib/format/tokens'
import type { CredentialHealth, ProviderHealth } from '@/lib/resources/routes/health-schema'
import {
  areAllRefused,
  codeWords,
  credentialName,
  credentialStanding,
  credentialsSentence,
} from './credential-standing'
import { Figure, Head, TriedAgain } from './health-table'

/**
 * How each API key of a provider does, all gateways together. `stored` is how many there are, which is known before
 * anything is told of them.
 */
export function CredentialStates({ health, stored }: { health: ProviderHealth | undefined; stored: number }) {
  const credentials = health?.credentials ?? []
  const isKnown = health !== undefined && health.gateways > 0
  return (
    <Card
      title={stored === 1 ? 'API key' : 'API keys'}
      description={
        stored === 0 ? (
          'None is set: calls go to it without one.'
        ) : isKnown && credentials.length > 1 ? (
          <span role="status">{credentialsSentence(credentials)}</span>
        ) : undefined
      }
    >
      {stored > 0 && !health ? <SkeletonLines lines={stored} label="Loading how the keys do" /> : null}
      {health && stored > 0 ? (
        isKnown ? (
          <Known credentials={credentials} />
        ) : (
          <p className="text-sm text-muted">
            <span className="font-mono">{credentials.map(credentialName).join(', ')}</span>: how{' '}
            {stored === 1 ? 'it does' : 'they do'} is not known.
          </p>
        )
      ) : null}
    </Card>
  )
}

function Known({ credentials }: { credentials: readonly CredentialHealth[] }) {
  const [first] = credentials
  if (credentials.length === 1 && first) return <Only credential={first} />
  return (
    <>
      {areAllRefused(credentials) ? (
        <Callout tone="danger" role="alert" title="The vendor takes none of them" className="mb-3">
          Calls get a 502 until one is taken again. Put in a new one under Configure, or pay the account.
        </Callout>
      ) : null}
      <CredentialTable credentials={credentials} />
    </>
  )
}

function Only({ credential }: { credential: CredentialHealth }) {
  const { tone, word, meaning } = credentialStanding(credential, [credential])
  const { calls, failed, code } = credential
  return (
    <div className="flex flex-col gap-1 text-sm">
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <span className="font-mono">{credentialName(credential)}</span>
        <Status tone={tone}>{word}</Status>
        <span className="text-muted tabular-nums">
          {calls === 0 ? 'no call' : formatPlural(calls, 'call')} in the last half minute
          {failed === 0 ? null : `, ${formatCount(failed)} failed`}
        </span>
      </p>
      <p className="text-xs text-muted">
        {meaning}
        {code === null ? null : ` It said ${codeWords(code)}.`}
      </p>
    </div>
  )
}

function CredentialTable({ credentials }: { credentials: readonly CredentialHealth[] }) {
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">State of each API key, from the last half minute</caption>
      <thead className="text-xs text-muted">
        <tr>
          <Head>Key</Head>
          <Head className="max-sm:hidden">State</Head>
          <Head right>Calls</Head>
          <Head right>Failed</Head>
        </tr>
      </thead>
      <tbody>
        {credentials.map((credential) => (
          <CredentialRow key={credential.position} credential={credential} all={credentials} />
        ))}
      </tbody>
    </table>
  )
}

function CredentialRow({
  credential,
  all,
}: {
  credential: CredentialHealth
  all: readonly CredentialHealth[]
}) {
  const { position, state, untilAt, code, calls, failed } = credential
  const standing = credentialStanding(credential, all)
  const status = <Status tone={standing.tone}>{standing.word}</Status>
  return (
    <tr className="border-t align-top">
      <th scope="row" className="py-2 pr-3 text-left font-normal">
        <span className="inline-block w-7 text-xs text-muted tabular-nums">{position + 1}</span>
        <span className="font-mono">{credentialName(credential)}</span>
        <span className="block pl-7 sm:hidden">{status}</span>
        {state === 'ready' ? null : (
          <span className="block pl-7 text-xs text-muted">
            {standing.meaning}
            {code === null ? null : ` It said ${codeWords(code)}.`}{' '}
            {/* A real call tries it: whether its time has come is known here, whether one came is not. */}
            {untilAt === null ? 'The next call tries it again.' : <TriedAgain until={untilAt} />}
          </span>
        )}
      </th>
      <td className="py-2 pr-3 max-sm:hidden" title={standing.meaning}>
        {status}
      </td>
      <Figure>{formatCount(calls)}</Figure>
      <Figure title={`${formatCount(failed)} of ${formatPlural(calls, 'call')}`}>
        {calls === 0 ? '–' : formatPercent(failed / calls)}
      </Figure>
    </tr>
  )
}
