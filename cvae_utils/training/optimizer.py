"""Adam, whose step passes over memory once on TensorFlow."""

import cvae_utils._quiet_start  # noqa: F401

import keras


class Adam(keras.optimizers.Adam):
    """Keras' Adam by TensorFlow's own operation, where TensorFlow is the backend.

    Keras writes the update in a dozen operations, each of which reads and writes arrays as large as the weights;
    TensorFlow has one that does it all. That saves a seventh of a dense model's training step (benchmarks/LOG.md). The
    formula is the same, and so are parameters and variables.
    """

    def update_step(self, gradient, variable, learning_rate):
        if keras.backend.backend() != "tensorflow" or self.amsgrad:  # the operation knows no AMSGrad
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        steps = tf.cast(self.iterations.value, gradient.dtype) + 1
        var, m, v = (
            (one.value if isinstance(one, keras.Variable) else one).handle
            for one in (variable, self._momentums[index], self._velocities[index])
        )
        tf.raw_ops.ResourceApplyAdam(
            var=var,
            m=m,
            v=v,
            beta1_power=self.beta_1**steps,
            beta2_power=self.beta_2**steps,
            lr=tf.cast(learning_rate, gradient.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )
