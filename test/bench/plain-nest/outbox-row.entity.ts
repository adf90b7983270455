import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The ERP's outbox, as far as this app needs it. */
@Entity('erp_outbox')
export class OutboxRow {
  @PrimaryColumn({ type: 'bigint' })
  position!: string;

  @Column({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  type!: string;

  @Column({ type: 'jsonb' })
  payload!: object;

  @Column({ name: 'published_at', type: 'timestamptz', nullable: true })
  publishedAt!: Date | null;
}
