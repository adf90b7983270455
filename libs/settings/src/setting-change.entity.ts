import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Who changed what and when: only the fields that changed, secrets masked on both sides. Rows are never touched again. */
@Entity('setting_change')
export class SettingChangeEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id!: string;

  @Column('bigint', { name: 'integration_id' })
  integrationId!: string;

  /** The version the change made. */
  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'changed_at' })
  changedAt!: Date;

  @Column('text', { name: 'changed_by' })
  changedBy!: string;

  @Column('jsonb')
  before!: Record<string, unknown>;

  @Column('jsonb')
  after!: Record<string, unknown>;
}
