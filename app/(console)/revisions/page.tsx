import type { Metadata } from 'next'
import { RevisionsScreen } from '@/components/revisions/revisions-screen'

export const metadata: Metadata = { title: 'Revisions' }

export default function RevisionsPage() {
  return <RevisionsScreen />
}
