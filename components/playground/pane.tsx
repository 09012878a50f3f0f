'use client'

import { CornerDownLeft, Receipt, Square, X } from 'lucide-react'
import { useState } from 'react'
import { useOptions } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { Badge } from '@/components/ui/badge'
import { Button, IconButton } from '@/components/ui/button'
import { CodeTabs } from '@/components/ui/code-block'
import { CopyButton } from '@/components/ui/copy-button'
import { Field } from '@/components/ui/field'
import type { Provider } from '@/lib/resources/providers/schema'
import { isBegun } from './answer'
import { AnswerText } from './answer-text'
import type { ChatBody } from './chat-request'
import { Estimate } from './estimate'
import { PaneFacts } from './pane-facts'
import { PaneProblem } from './pane-problem'
import { requestSnippets } from './request-snippets'
import { RoutePicker, useRouteNamed } from './route-picker'
import type { Run } from './use-runs'

interface PaneProps {
  /** 1 for the first. */
  number: number
  route: string
  /** Of the other panes. */
  taken: readonly string[]
  onRoute: (name: string) => void
  onRemove: (() => void) | null
  /** What would be sent; null while the prompt is not complete. */
  body: ChatBody | null
  keyId: string | null
  gatewayUrl: string
  run: Run | null
  onStop: () => void
  onContinue: (run: Run) => void
  onReceipt: (requestId: string) => void
}

/** One route with the prompt: who would answer, then the answer as it comes, what it cost, and the request as code. */
export function Pane(props: PaneProps) {
  const { number, route, run, body } = props
  const found = useRouteNamed(route)
  const isSandbox = useIsSandbox(found?.targets.map(({ providerId }) => providerId) ?? [])
  // Once it is there, the answer itself says who gave it.
  const simulated = run?.decision ? run.decision.simulated : isSandbox
  return (
    <section
      aria-label={`Answer of ${route}`}
      className="flex min-w-0 flex-col gap-3 rounded-card border bg-surface p-4"
    >
      <div className="flex items-end gap-2">
        <Field label={number === 1 ? 'Route' : `Route ${number}`} className="flex-1">
          <RoutePicker
            value={route}
            taken={props.taken}
            onChange={props.onRoute}
            className="font-mono text-sm"
          />
        </Field>
        {simulated ? (
          <Badge tone="accent" className="mb-1.5" title="The sandbox answers: no vendor is asked.">
            simulated
          </Badge>
        ) : null}
        {props.onRemove ? (
          <IconButton label={`Remove ${route}`} onClick={props.onRemove}>
            <X aria-hidden />
          </IconButton>
        ) : null}
      </div>
      {run ? (
        <RunShown {...props} run={run} />
      ) : (
        <Estimate routeId={found?.id ?? null} body={body} keyId={props.keyId} />
      )}
      <RequestCode gatewayUrl={props.gatewayUrl} body={run?.body ?? body} />
    </section>
  )
}

function RunShown({ run, onStop, onContinue, onReceipt }: PaneProps & { run: Run }) {
  const { phase, answer, decision, problem } = run
  const running = phase === 'waiting' || phase === 'answering'
  const requestId = decision?.requestId ?? null
  const canContinue = !running && (answer.text !== '' || answer.toolCalls.length > 0)
  return (
    <>
      <AnswerText run={run} />
      {problem ? <PaneProblem problem={problem} begun={isBegun(answer)} /> : null}
      <PaneFacts run={run} />
      <div className="flex flex-wrap items-center gap-2">
        {running ? (
          <Button size="sm" onClick={onStop}>
            <Square aria-hidden />
            Stop
          </Button>
        ) : null}
        {!running && requestId ? (
          <Button size="sm" onClick={() => onReceipt(requestId)}>
            <Receipt aria-hidden />
            Receipt
          </Button>
        ) : null}
        {canContinue ? (
          <Button size="sm" onClick={() => onContinue(run)}>
            <CornerDownLeft aria-hidden />
            Continue from here
          </Button>
        ) : null}
        {answer.text === '' ? null : <CopyButton text={answer.text} what="answer" />}
      </div>
    </>
  )
}

/** Drawn when it is opened: with an image in it, it is long. */
function RequestCode({ gatewayUrl, body }: { gatewayUrl: string; body: ChatBody | null }) {
  const [open, setOpen] = useState(false)
  return (
    <details className="mt-auto" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="text-sm font-medium">The request as code</summary>
      {open ? (
        <div className="flex flex-col gap-2 pt-2">
          {body ? (
            <>
              <p className="text-xs text-muted">
                Exactly what is sent. Put the key into <code className="font-mono">GATEHOUSE_KEY</code> first.
              </p>
              <CodeTabs label="The request as code" samples={requestSnippets(gatewayUrl, body)} />
            </>
          ) : (
            <p className="text-sm text-muted">Write a message, and the call is here to copy.</p>
          )}
        </div>
      ) : null}
    </details>
  )
}

/** Whether all of the providers are sandboxes, as far as this person may know them. */
function useIsSandbox(providerIds: readonly string[]): boolean {
  const can = useCan()
  const providers = useOptions<Provider>('/providers', {}, can('providers.list'))
  const sandboxes = new Set(
    (providers.data ?? []).flatMap(({ id, kind }) => (kind === 'sandbox' ? [id] : [])),
  )
  return providerIds.length > 0 && providerIds.every((id) => sandboxes.has(id))
}
