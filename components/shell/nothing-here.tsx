import Link from 'next/link'
import { Button } from '@/components/ui/button'

/** For an address that leads nowhere. */
export function NothingHere() {
  return (
    <div className="flex flex-col items-start gap-3 py-10">
      <h1 className="text-xl font-semibold">There is nothing at this address</h1>
      <p className="text-muted">It may have been deleted, or the link is incomplete.</p>
      <Button asChild variant="primary">
        <Link href="/">Go to the overview</Link>
      </Button>
    </div>
  )
}
