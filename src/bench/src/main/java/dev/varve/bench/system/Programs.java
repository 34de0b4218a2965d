package dev.varve.bench.system;

import java.nio.file.Path;

/**
 * What is started.
 *
 * @param java the Java program that runs the node
 * @param node the folder of the checkout that has jvm.options and target/quarkus-app
 * @param etcd etcd's server
 * @param redis Redis's server
 */
public record Programs(Path java, Path node, Path etcd, Path redis) {}
