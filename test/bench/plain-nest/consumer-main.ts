import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Delivery } from './delivery.entity.js';
import { Outcome } from './outcome.entity.js';
import { Partner } from './partner.js';
import { queueOptions } from './plain-queue.js';
import { TitleController } from './title.controller.js';

/** As many in hand at once as Ponte calls at once. */
const PREFETCH = 64;

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: [Delivery, Outcome] }),
    TypeOrmModule.forFeature([Delivery, Outcome]),
  ],
  controllers: [TitleController],
  providers: [Partner],
})
class ConsumerModule {}

const app = await NestFactory.createMicroservice<MicroserviceOptions>(ConsumerModule, {
  ...queueOptions({ noAck: false, prefetchCount: PREFETCH }),
  logger: ['error', 'warn'],
});
app.enableShutdownHooks();
await app.listen();
process.once('disconnect', () => process.exit(1)); // its parent is gone
process.send!('ready');
