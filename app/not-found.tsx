import type { Metadata } from 'next'
import Link from 'next/link'
import { Button } from '@/components/ui/button'

export const metadata: Metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col items-start justify-center gap-3 px-6">
      <h1 className="text-xl font-semibold">There is nothing at this address</h1>
      <p className="text-muted">It may have been deleted, or the link is incomplete.</p>
      <Button asChild variant="primary">
        <Link href="/">Go to the overview</Link>
      </Button>
    </main>
  )
}
