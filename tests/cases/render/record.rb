# Evaluates the Vagrantfile named first and prints each statement as JSON: [place, values, options].
# Everything that a Vagrantfile touches is a recorder; a block is read in the place that it opens.
require 'json'

class Recorder
  STATEMENTS = []

  def initialize(place)
    @place = place
  end

  def method_missing(name, *values, **options)
    here = [@place, name.to_s].reject(&:empty?).join('.')
    return Recorder.new(here) if values.empty? && options.empty?

    STATEMENTS << [here, values, options]
    yield Recorder.new("#{here} #{values.first}") if block_given?
  end

  def respond_to_missing?(*) = true
end

module Vagrant
  def self.configure(version)
    Recorder::STATEMENTS << ['configure', [version], {}]
    yield Recorder.new('')
  end
end

load File.expand_path(ARGV.fetch(0))
puts JSON.generate(Recorder::STATEMENTS)
