import { Wrench } from 'lucide-react'
import type { ToolCall } from './prompt'

/** What a model wants called, with its arguments laid out where they are JSON yet. */
export function ToolCalls({ calls }: { calls: readonly ToolCall[] }) {
  if (calls.length === 0) return null
  return (
    <ul aria-label="Tool calls" className="flex flex-col gap-2">
      {calls.map((call, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: their order is the model's, and an id may come late.
        <li key={at} className="rounded-control border bg-sunken px-3 py-2">
          <p className="flex flex-wrap items-center gap-x-2 text-sm">
            <Wrench className="size-3.5 text-muted" aria-hidden />
            <span className="font-mono font-medium">{call.name}</span>
            <span className="font-mono text-xs break-all text-muted">{call.id}</span>
          </p>
          <pre className="mt-1 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
            {laidOut(call.arguments)}
          </pre>
        </li>
      ))}
    </ul>
  )
}

function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
