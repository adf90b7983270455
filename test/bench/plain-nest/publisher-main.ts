import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule } from '@nestjs/microservices';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OutboxRow } from './outbox-row.entity.js';
import { queueOptions } from './plain-queue.js';
import { Publisher } from './publisher.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: [OutboxRow] }),
    TypeOrmModule.forFeature([OutboxRow]),
    ClientsModule.register([{ name: 'QUEUE', ...queueOptions() }]),
    ScheduleModule.forRoot(),
  ],
  providers: [Publisher],
})
class PublisherModule {}

const app = await NestFactory.createApplicationContext(PublisherModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.once('disconnect', () => process.exit(1)); // its parent is gone
process.send!('ready');
