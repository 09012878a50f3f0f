'use client'

import { PlugZap } from 'lucide-react'
import { useState } from 'react'
import { ApiProblem } from '@/components/data/api'
import { ProblemCallout } from '@/components/resource/resource-form'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { formatDuration } from '@/lib/format/duration'
import type { ProviderTest } from '@/lib/resources/providers/schema'

const MODELS_SHOWN = 24

/** Asks a gateway to make the call that production would make, and shows what came of it. */
export function ConnectionTest({ run }: { run: () => Promise<ProviderTest | null> }) {
  const [state, setState] = useState<{ result?: ProviderTest; problem?: ApiProblem }>({})
  const [running, setRunning] = useState(false)
  const test = async () => {
    setRunning(true)
    setState({})
    try {
      const result = await run()
      setState(result ? { result } : {})
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setState({ problem: error })
    } finally {
      setRunning(false)
    }
  }
  return (
    <div className="flex flex-col items-start gap-3">
      <Button loading={running} onClick={() => void test()}>
        {running ? null : <PlugZap aria-hidden />}
        {running ? 'Testing' : 'Test connection'}
      </Button>
      {state.problem ? <ProblemCallout problem={state.problem} /> : null}
      {state.result ? <Result result={state.result} /> : null}
    </div>
  )
}

function Result({ result }: { result: ProviderTest }) {
  const facts = [
    result.status === null ? null : `status ${result.status}`,
    result.code,
    formatDuration(result.latencyMs),
  ].filter(Boolean)
  return (
    <Callout
      tone={result.ok ? 'ok' : 'danger'}
      role={result.ok ? 'status' : 'alert'}
      className="w-full"
      title={
        <span className="flex flex-wrap items-center gap-x-2">
          {result.ok ? 'It answers' : 'It does not answer as it should'}
          <span className="text-xs font-normal text-muted">{facts.join(' · ')}</span>
        </span>
      }
    >
      <p>{result.message}</p>
      {result.models.length > 0 ? (
        <details className="mt-1">
          <summary>
            {result.models.length} {result.models.length === 1 ? 'model' : 'models'}
          </summary>
          <ul className="mt-1 flex flex-wrap gap-x-3 gap-y-0.5 font-mono text-xs">
            {result.models.slice(0, MODELS_SHOWN).map((model) => (
              <li key={model}>{model}</li>
            ))}
            {result.models.length > MODELS_SHOWN ? (
              <li>and {result.models.length - MODELS_SHOWN} more</li>
            ) : null}
          </ul>
        </details>
      ) : null}
    </Callout>
  )
}
